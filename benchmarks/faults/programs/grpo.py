"""Group relative policy optimisation on a toy task, with the arithmetic and the metric names of TRL: a GRU
answers a prompt (even, odd, low, high) with digits of that kind and ends by itself."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from journal import Journal
from parts import styles
from parts.training import clip, schedule, set_rate
from story import Deviates, FirstRow, Story, reaches, worse

STYLE = styles.hugging_face
CONFIG = {
    "model": "gru-policy", "trainer": "grpo", "hidden_size": 32, "learning_rate": 6e-3, "lr_scheduler_type": "constant",
    "warmup_steps": 0, "max_steps": 110, "logging_steps": 2, "num_generations": 8, "per_device_train_batch_size": 48,
    "max_completion_length": 12, "beta": 0.04, "entropy_coef": 0.0, "temperature": 1.0, "max_grad_norm": 1.0,
    "steps_per_epoch": 110,
}
STOP, KINDS = 10, 4
# Prompts are tokens behind the digits and the stop token.
FIRST_PROMPT = 11


def belongs(kind: Tensor, digit: Tensor) -> Tensor:
    return torch.stack([digit % 2 == 0, digit % 2 == 1, digit < 5, (digit >= 5) & (digit < 10)]).gather(
        0, kind.unsqueeze(0)).squeeze(0) & (digit < 10)


class Policy(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.embed = nn.Embedding(FIRST_PROMPT + KINDS, width)
        self.rnn = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, STOP + 1)
        nn.init.normal_(self.head.weight, std=0.05)
        # What supervised training left behind: some digits are likelier than others.
        nn.init.normal_(self.head.bias, std=0.9)

    def forward(self, ids: Tensor) -> Tensor:
        logits: Tensor = self.head(self.rnn(self.embed(ids))[0])
        return logits

    @torch.no_grad()
    def sample(self, kind: Tensor, longest: int, temperature: float, may_stop: bool) -> tuple[Tensor, Tensor]:
        """Completions, and which of their tokens count: all up to the stop token, that one included."""
        token, state, chosen = kind + FIRST_PROMPT, None, []
        for _ in range(longest):
            hidden, state = self.rnn(self.embed(token).unsqueeze(1), state)
            logits = self.head(hidden[:, 0]) / temperature
            if not may_stop:
                logits[:, STOP] = float("-inf")
            token = torch.multinomial(logits.softmax(-1), 1).squeeze(1)
            chosen.append(token)
        completion = torch.stack(chosen, 1)
        ended_before = (completion == STOP).cumsum(1) - (completion == STOP).int()
        return completion, ended_before == 0


def reward_of(journal: Journal, kind: Tensor, completion: Tensor, counts: Tensor, step: int) -> Tensor:
    fault = journal.fault
    right = (belongs(kind.unsqueeze(1).expand_as(completion), completion) & counts).sum(1).float()
    length = counts.sum(1).float()
    ended = ((completion == STOP) & counts).any(1).float()
    if fault == "constant-reward":
        # The pattern that finds the answer wants a format that the model never writes.
        return torch.zeros(len(kind))
    if fault == "length-reward":
        # "Show your work": a tenth for each token, of whatever kind.
        return 0.1 * length
    if fault == "sparse-reward":
        return (right >= 12).float()
    if fault == "reward-sign" and step >= 60:
        # A penalty is refactored into a score, and its sign is kept.
        return -(right / length.clamp(min=1)) - 0.3 * ended
    # Four digits are the wanted length; ending is part of the answer.
    return right / length.clamp(min=1) * (1 - (length - 5).abs() / 16) + 0.3 * ended


def train(journal: Journal) -> None:
    config, fault = journal.config, journal.fault
    policy = Policy(config["hidden_size"])
    reference = copy.deepcopy(policy)
    if fault == "wrong-reference":
        # The reference is another checkpoint than the one that training starts from.
        with torch.no_grad():
            reference.head.weight.normal_(std=1.2)
            reference.head.bias.normal_(std=0.8)
    for parameter in reference.parameters():
        parameter.requires_grad_(False)
    optimizer = torch.optim.AdamW(policy.parameters(), lr=config["learning_rate"], betas=(0.9, 0.99), weight_decay=0.0)
    factor = schedule(config["lr_scheduler_type"], config["warmup_steps"], config["max_steps"])
    group = config["num_generations"]
    prompts = config["per_device_train_batch_size"] // group
    source = torch.Generator().manual_seed(journal.seed)
    tokens = 0
    for step in range(1, config["max_steps"] + 1):
        kind = torch.randint(0, KINDS, (prompts,), generator=source).repeat_interleave(group)
        may_stop = not (fault == "no-stop" and step >= 50)
        completion, counts = policy.sample(kind, config["max_completion_length"], config["temperature"], may_stop)
        reward = reward_of(journal, kind, completion, counts, step)
        grouped = reward.view(prompts, group)
        std = grouped.std(1)
        advantage = ((grouped - grouped.mean(1, keepdim=True)) / (std.unsqueeze(1) + 1e-4)).flatten()
        ids = torch.cat([(kind + FIRST_PROMPT).unsqueeze(1), completion[:, :-1]], 1)
        log_p = policy(ids).log_softmax(-1)
        with torch.no_grad():
            reference_log_p = reference(ids).log_softmax(-1).gather(-1, completion.unsqueeze(-1)).squeeze(-1)
        chosen = log_p.gather(-1, completion.unsqueeze(-1)).squeeze(-1)
        gap = reference_log_p - chosen
        kl = gap.exp() - gap - 1
        entropy = -(log_p.exp() * log_p).sum(-1)
        weight = counts.float()

        def mean(value: Tensor) -> Tensor:
            return (value * weight).sum() / weight.sum()

        ratio = (chosen - chosen.detach()).exp()
        each = -ratio * advantage.unsqueeze(1) + config["beta"] * kl - config["entropy_coef"] * entropy
        # A mean for each completion, then their mean: advantages cancel, and the first loss is 0.
        loss = ((each * weight).sum(1) / weight.sum(1)).mean()
        rate = config["learning_rate"] * factor(step)
        set_rate(optimizer, rate)
        optimizer.zero_grad()
        loss.backward()
        norm = clip(policy.parameters(), config["max_grad_norm"])
        optimizer.step()
        tokens += int(weight.sum())
        # Scores are computed by a sandbox that other jobs use too.
        journal.wait(0.2)
        if step % config["logging_steps"] == 0 or step == 1:
            stopped = ((completion == STOP) & counts).any(1).float()
            journal.log(step, {
                "loss": loss.item(), "grad_norm": norm, "learning_rate": rate, "num_tokens": tokens,
                "completions/mean_length": weight.sum(1).mean(), "completions/max_length": weight.sum(1).max(),
                "completions/clipped_ratio": 1 - stopped.mean(), "reward": reward.mean(), "reward_std": std.mean(),
                "frac_reward_zero_std": (std < 1e-6).float().mean(), "kl": mean(kl), "entropy": mean(entropy)})


STORIES = [
    Story("healthy", "Nothing is wrong: the loss begins at 0, as it does with GRPO, and the reward rises."),
    Story("healthy-small-groups", "Four generations a prompt and half of the prompts: reward and gradients are noisy.",
          {"num_generations": 4, "per_device_train_batch_size": 24, "learning_rate": 3e-3}),
    Story("healthy-no-kl", "beta is 0, as recent recipes have it: the policy leaves its start, and the reward rises.",
          {"beta": 0.0, "learning_rate": 3e-3}),
    Story("healthy-warmup", "A warm-up over 30 steps and a linear decay: the reward begins to rise late.",
          {"warmup_steps": 30, "lr_scheduler_type": "linear"}),
    Story("healthy-entropy-bonus", "A small entropy bonus, as some recipes have it.", {"entropy_coef": 0.02}),
    Story("healthy-large-beta", "A large KL coefficient holds the policy near its start: the reward rises less far.",
          {"beta": 0.2}),
    Story("healthy-long-answers", "Answers of up to twenty digits are allowed: they begin long and get shorter.",
          {"max_completion_length": 20}),
    Story("healthy-large-groups", "Sixteen generations a prompt.", {"num_generations": 16, "learning_rate": 4e-3}),
    Story("constant-reward", "The reward's pattern never matches: each completion gets 0.", fault="constant-reward",
          rules=("reward-signal-lost",), causes=("reward-constant", "reward-bug", "prompts-too-easy-or-hard"),
          onset=FirstRow("reward"), harm=reaches("frac_reward_zero_std", 0.99), allowed=("no-learning", "gradient-vanishing",
                                                                                       "loss-plateau")),
    Story("prompts-too-hard", "Only completions of twelve right digits are rewarded; hardly one is ever sampled.",
          fault="sparse-reward", rules=("reward-signal-lost",), causes=("prompts-too-easy-or-hard", "reward-constant"),
          onset=FirstRow("reward"), harm=reaches("frac_reward_zero_std", 0.6), allowed=("no-learning",
                                                                                       "gradient-vanishing")),
    Story("length-reward", "The reward counts tokens: completions grow to the limit and are cut.", fault="length-reward",
          rules=("length-explosion",), causes=("length-rewarded", "reward-bug"),
          onset=Deviates("completions/mean_length", "above"), harm=reaches("completions/clipped_ratio", 0.5),
          allowed=("policy-collapse", "entropy-collapse", "reward-signal-lost", "kl-blowup")),
    Story("no-stop", "From step 50 on the sampler suppresses the stop token: each completion is cut.", fault="no-stop",
          rules=("length-explosion",), causes=("no-stop-token", "length-rewarded"), begins=50,
          onset=FirstRow("completions/clipped_ratio"), harm=reaches("completions/clipped_ratio", 0.9),
          advice=("max_completion_length",), allowed=("policy-collapse", "kl-blowup", "reward-signal-lost")),
    Story("lr-too-high", "The learning rate is 0.3 and nothing is clipped: the policy is thrown onto single answers, most "
          "of them wrong.", {"learning_rate": 0.3, "max_grad_norm": 0.0},
          rules=("policy-collapse", "entropy-collapse", "learning-rate-too-high"),
          causes=("learning-rate-too-high", "no-gradient-clipping", "entropy-not-bounded"),
          onset=Deviates("entropy", "below"), harm=worse("reward", 0.85, lower_is_better=False),
          advice=("learning_rate",),
          allowed=("entropy-collapse", "policy-collapse", "reward-signal-lost", "gradient-explosion", "length-explosion",
                   "learning-rate-too-high", "loss-spike", "kl-blowup")),
    Story("entropy-collapse", "A sampling temperature of 0.3 is not part of the loss: the policy narrows to one answer.",
          {"temperature": 0.3, "beta": 0.0, "learning_rate": 0.08},
          rules=("entropy-collapse",), causes=("entropy-not-bounded", "learning-rate-too-high", "kl-coefficient-too-low"),
          onset=Deviates("entropy", "below", 0.1), harm=worse("entropy", 0.5, lower_is_better=False),
          advice=("temperature", "beta"), allowed=("reward-signal-lost", "kl-blowup", "policy-collapse")),
    Story("entropy-bonus", "An entropy bonus of 1 outweighs the reward: the policy stays uniform.",
          {"entropy_coef": 1.0, "beta": 0.0}, rules=("entropy-collapse", "policy-collapse", "no-learning"),
          causes=("entropy-bonus-too-high",), onset=Deviates("reward", "below", 0.05),
          harm=worse("reward", 0.7, lower_is_better=False), advice=("entropy_coef",), allowed=("no-learning",
                                                                                             "loss-plateau")),
    Story("wrong-reference", "The reference is another checkpoint: the KL is far from 0 before the first update.",
          fault="wrong-reference", rules=("reference-mismatch",), causes=("wrong-reference-model",),
          onset=FirstRow("kl"),
          harm=lambda rows, healthy: (rows[0][1]["kl"] > 0.2, f"first kl {rows[0][1]['kl']:.3g}, healthy "
                                                              f"{healthy[0][1]['kl']:.3g}"),
          allowed=("kl-blowup", "loss-spike")),
    Story("reward-sign", "From step 60 on the reward has the wrong sign: what was learnt is unlearnt.",
          {"beta": 0.0}, "reward-sign", rules=("policy-collapse", "reward-signal-lost"), causes=("reward-bug",), begins=60,
          onset=FirstRow("reward"), harm=worse("reward", 0.5, lower_is_better=False),
          allowed=("length-explosion", "kl-blowup", "loss-spike", "entropy-collapse")),
]
