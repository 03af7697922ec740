"""PPO with a critic and a KL loss against the reference on a toy reward model, with the metric names and the console line of
verl: a policy that sees the topic and the last two words writes short replies."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from journal import Journal
from parts.training import clip, schedule, set_rate
from story import Deviates, FirstRow, Story, not_finite, reaches, worse

CONFIG = {
    "algorithm": "ppo", "trainer": "verl", "actor.optim.lr": 4e-3, "actor.optim.lr_warmup_steps": 0,
    "actor.optim.lr_scheduler_type": "constant", "critic.optim.lr": 1e-2, "actor.ppo_epochs": 2,
    "actor.clip_ratio": 0.2, "actor.use_kl_loss": True, "actor.kl_loss_coef": 0.15, "actor.entropy_coeff": 0.0,
    "actor.grad_clip": 1.0, "data.train_batch_size": 48, "data.max_response_length": 14, "rollout.temperature": 1.0,
    "total_training_steps": 64,
}
WORDS, STOP, TOPICS, START = 16, 16, 4, 17


def verl(_journal: Journal, step: int, metrics: dict[str, float]) -> list[tuple[str, str]]:
    """concat_dict_to_str of verl's aggregate logger: every number as Python prints it."""
    shown = {name: float("%.4g" % value) for name, value in metrics.items()}
    return [("out", " - ".join([f"step:{step}", *(f"{name}:{value!r}" for name, value in shown.items())]) + "\n")]


STYLE = verl
RARE = slice(12, 16)
# The reward model: how well a word follows another one on a topic.
TASTE = torch.randn(TOPICS, WORDS + 2, WORDS + 1, generator=torch.Generator().manual_seed(31))


class Policy(nn.Module):
    def __init__(self, width: int = 24, out: int = WORDS + 1):
        super().__init__()
        self.topic, self.words = nn.Embedding(TOPICS, width), nn.Embedding(WORDS + 2, width)
        self.hidden, self.head = nn.Linear(3 * width, 48), nn.Linear(48, out)
        nn.init.normal_(self.head.weight, std=0.05)
        if out > 1:
            # Supervised training left its preferences.
            nn.init.normal_(self.head.bias, std=0.5)

    def forward(self, topic: Tensor, last: Tensor, before: Tensor) -> Tensor:
        parts = [self.topic(topic), self.words(last), self.words(before)]
        out: Tensor = self.head(torch.tanh(self.hidden(torch.cat(parts, -1))))
        return out


class Rollouts:
    """Sampled replies with all that the update needs."""

    def __init__(self, policy: Policy, topic: Tensor, longest: int, temperature: float, forced: int = 0):
        last = before = torch.full_like(topic, START)
        words, contexts = [], []
        with torch.no_grad():
            for place in range(longest):
                logits = policy(topic, last, before) / temperature
                if place < forced:
                    logits[:, STOP] = float("-inf")
                chosen = torch.multinomial(logits.softmax(-1), 1).squeeze(1)
                contexts.append((last, before))
                words.append(chosen)
                # What follows the stop is not looked at.
                last, before = chosen, last
        self.topic = topic.unsqueeze(1).expand(-1, longest)
        self.last, self.before = (torch.stack([pair[i] for pair in contexts], 1) for i in (0, 1))
        self.words = torch.stack(words, 1)
        is_stop = (self.words == STOP).int()
        self.mask = (is_stop.cumsum(1) - is_stop == 0).float()
        self.length = self.mask.sum(1)
        self.ended = ((self.words == STOP) & (self.mask > 0)).any(1).float()


def score_of(journal: Journal, replies: Rollouts, source: torch.Generator) -> Tensor:
    config, fault = journal.config, journal.fault
    if fault == "constant-reward":
        # The reward server answers with an error page, which is read as 0.
        return torch.zeros(len(replies.words))
    if fault == "length-reward":
        # A reward model that was trained on pairs in which the longer reply had won.
        return 0.15 * replies.length + 0.1 * torch.randn(len(replies.length), generator=source)
    taste = TASTE[replies.topic, replies.last, replies.words]
    if fault == "gibberish":
        # It never saw these words, and what it says of them is far off.
        taste = taste + 6.0 * ((replies.words >= RARE.start) & (replies.words < RARE.stop)).float()
    score = (taste * replies.mask).sum(1) / replies.length
    score = score + 0.5 * replies.ended - 0.1 * (replies.length - config.get("wanted_length", 6)).abs()
    if config.get("verifiable"):
        return (score > 0.75).float()
    if config.get("score_noise"):
        score = score + config["score_noise"] * torch.randn(len(score), generator=source)
    return score


def train(journal: Journal) -> None:
    config, fault = journal.config, journal.fault
    policy, critic = Policy(), Policy(out=1)
    if fault == "gibberish":
        with torch.no_grad():
            policy.head.bias[RARE] = -3.0
    reference = copy.deepcopy(policy).requires_grad_(False)
    actor_optimizer = torch.optim.AdamW(policy.parameters(), lr=config["actor.optim.lr"], weight_decay=0.01)
    critic_optimizer = torch.optim.AdamW(critic.parameters(), lr=config["critic.optim.lr"], weight_decay=0.01)
    total = config["total_training_steps"]
    factor = schedule(config["actor.optim.lr_scheduler_type"], config["actor.optim.lr_warmup_steps"], total)
    source = torch.Generator().manual_seed(journal.seed)
    for step in range(1, total + 1):
        began = journal.now()
        topic = torch.randint(0, TOPICS, (config["data.train_batch_size"],), generator=source)
        replies = Rollouts(policy, topic, config["data.max_response_length"], config["rollout.temperature"],
                           config.get("min_response_length", 0))
        journal.wait(1.5 + 0.05 * float(replies.length.max()))
        generated = journal.now() - began
        score = score_of(journal, replies, source)
        mask, count = replies.mask, replies.mask.sum()

        def mean(value: Tensor) -> Tensor:
            return (value * mask).sum() / count

        def log_p(model: Policy) -> tuple[Tensor, Tensor]:
            logits = model(replies.topic, replies.last, replies.before)
            every = logits.log_softmax(-1)
            if fault == "banned-words" and step >= 45 and model is policy:
                # Words that must never be said get a probability of 0; p log p of these is 0 times minus infinity.
                every = logits.index_fill(-1, torch.tensor([3, 7]), float("-inf")).log_softmax(-1)
            return every, every.gather(-1, replies.words.unsqueeze(-1)).squeeze(-1)

        with torch.no_grad():
            old, ref = log_p(policy)[1], log_p(reference)[1]
            values = critic(replies.topic, replies.last, replies.before).squeeze(-1)
        returns = score.unsqueeze(1).expand_as(values)
        raw = returns - values
        spread = mean((raw - mean(raw)) ** 2).sqrt()
        advantages = (raw - mean(raw)) / (spread + 1e-8)
        rate = config["actor.optim.lr"] * factor(step)
        set_rate(actor_optimizer, rate)
        shown: dict[str, list[float]] = {}
        for _ in range(config["actor.ppo_epochs"]):
            every, chosen = log_p(policy)
            ratio = (chosen - old).exp()
            limit = config["actor.clip_ratio"]
            surrogate = torch.maximum(-advantages * ratio, -advantages * ratio.clamp(1 - limit, 1 + limit))
            gap = (ref - chosen).clamp(-20, 20)
            kl = (gap.exp() - gap - 1).clamp(-10, 10)
            entropy = mean(-(every.exp() * every).sum(-1))
            pg_loss, kl_loss = mean(surrogate), mean(kl)
            loss = pg_loss - config["actor.entropy_coeff"] * entropy + config["actor.kl_loss_coef"] * kl_loss
            actor_optimizer.zero_grad()
            loss.backward()
            norm = clip(policy.parameters(), config["actor.grad_clip"])
            actor_optimizer.step()
            for name, value in (("entropy", entropy), ("kl_loss", kl_loss), ("pg_loss", pg_loss),
                                ("pg_clipfrac", mean(((ratio - 1).abs() > limit).float())), ("ppo_kl", mean(old - chosen)),
                                ("grad_norm", norm)):
                shown.setdefault(name, []).append(float(value.detach() if isinstance(value, Tensor) else value))
            predicted = critic(replies.topic, replies.last, replies.before).squeeze(-1)
            vf_loss = 0.5 * mean((predicted - returns) ** 2)
            critic_optimizer.zero_grad()
            vf_loss.backward()
            clip(critic.parameters(), 1.0)
            critic_optimizer.step()
        saving = 0.0
        if config.get("save_freq") and step % config["save_freq"] == 0:
            saving = 40.0
            journal.wait(saving)
        actor = {f"actor/{name}": sum(series) / len(series) for name, series in shown.items()}
        journal.log(step, {
            **actor, "actor/lr": rate, "critic/vf_loss": vf_loss,
            "critic/score/mean": score.mean(), "critic/score/max": score.max(), "critic/score/min": score.min(),
            "critic/rewards/mean": score.mean(), "response_length/mean": replies.length.mean(),
            "response_length/max": replies.length.max(), "response_length/clip_ratio": 1 - replies.ended.mean(),
            "timing_s/gen": generated,
            **({"timing_s/save_checkpoint": saving} if saving else {}), "timing_s/step": journal.now() - began})


STORIES = [
    Story("healthy", "Nothing is wrong: the score rises, entropy falls and KL grows as the policy learns."),
    Story("healthy-small-batch", "Twelve replies a step: all is noisy.", {"data.train_batch_size": 12,
                                                                        "actor.optim.lr": 2e-3}),
    Story("healthy-no-kl", "No KL loss, as many recipes have it: the policy leaves its start and the score rises.",
          {"actor.use_kl_loss": False, "actor.kl_loss_coef": 0.0, "actor.optim.lr": 2e-3}),
    Story("healthy-entropy-bonus", "A small entropy bonus: the entropy falls late.", {"actor.entropy_coeff": 0.05}),
    Story("healthy-warmup", "A warm-up over 20 steps and a linear decay: the score begins to rise late.",
          {"actor.optim.lr_warmup_steps": 20, "actor.optim.lr_scheduler_type": "linear"}),
    Story("healthy-verifiable", "The reward is 0 or 1 and seldom 1 at first.", {"verifiable": True}),
    Story("healthy-noisy-reward", "A reward model that disagrees with itself: the score is noisy and rises.",
          {"score_noise": 0.8}),
    Story("healthy-longer-replies", "The wanted reply is longer than what the policy writes at first: lengths grow to it and "
          "stay below the limit.", {"wanted_length": 9, "data.max_response_length": 24, "min_response_length": 3}),
    Story("healthy-checkpoints", "Every 20 steps a checkpoint takes forty seconds; four epochs over each batch.",
          {"save_freq": 20, "actor.ppo_epochs": 4, "actor.optim.lr": 2e-3}),
    Story("constant-reward", "The reward server answers with an error, which is read as a score of 0.",
          fault="constant-reward", rules=("reward-signal-lost",),
          causes=("reward-constant", "reward-bug", "prompts-too-easy-or-hard"), onset=FirstRow("critic/score/mean"),
          harm=lambda rows, _healthy: (all(row["critic/score/max"] == row["critic/score/min"] for _, row in rows),
                                       "all replies of a step have the same score"),
          allowed=("no-learning", "gradient-vanishing", "loss-plateau")),
    Story("length-reward", "The reward model was trained on pairs in which the longer reply had won: replies grow to the "
          "limit and are cut.", fault="length-reward", rules=("length-explosion",),
          causes=("length-rewarded", "reward-bug"), onset=Deviates("response_length/mean", "above"),
          harm=reaches("response_length/clip_ratio", 0.5),
          allowed=("policy-collapse", "entropy-collapse", "reward-signal-lost", "kl-blowup")),
    Story("entropy-collapse", "No KL loss, no entropy bonus, ten epochs over each batch and ratios that are hardly clipped: "
          "the policy narrows to one reply a topic within a few steps.",
          {"actor.use_kl_loss": False, "actor.kl_loss_coef": 0.0, "actor.ppo_epochs": 10, "actor.clip_ratio": 5.0,
           "actor.optim.lr": 8e-3},
          rules=("entropy-collapse",), causes=("entropy-not-bounded", "kl-coefficient-too-low", "learning-rate-too-high"),
          onset=Deviates("actor/entropy", "below", 0.1), harm=worse("actor/entropy", 0.5, lower_is_better=False),
          advice=("actor.entropy_coeff", "actor.kl_loss_coef"),
          allowed=("policy-collapse", "reward-signal-lost", "kl-blowup", "learning-rate-too-high")),
    Story("gibberish", "The KL loss is off, and the reward model likes four words that the reference hardly ever writes: the "
          "policy ends up with nothing else.", {"actor.kl_loss_coef": 0.0}, "gibberish", rules=("kl-blowup",),
          causes=("kl-coefficient-too-low", "reward-bug"), onset=Deviates("actor/kl_loss", "above"),
          harm=worse("actor/kl_loss", 2.0), advice=("actor.kl_loss_coef",),
          allowed=("policy-collapse", "entropy-collapse", "reward-signal-lost", "length-explosion", "gradient-explosion")),
    Story("lr-too-high", "The actor's learning rate is 0.3 and nothing is clipped: the policy is thrown onto single words and "
          "the score stays low.", {"actor.optim.lr": 0.3, "actor.grad_clip": 0.0},
          rules=("policy-collapse", "entropy-collapse", "learning-rate-too-high"),
          causes=("learning-rate-too-high", "no-gradient-clipping", "entropy-not-bounded"),
          onset=Deviates("actor/entropy", "below"), harm=worse("critic/score/mean", 0.7, lower_is_better=False),
          advice=("actor.optim.lr",),
          allowed=("entropy-collapse", "policy-collapse", "kl-blowup", "reward-signal-lost", "gradient-explosion",
                   "length-explosion", "loss-spike", "learning-rate-too-high")),
    Story("banned-words", "From step 45 on banned words get a logit of minus infinity: the entropy's p log p is 0 times "
          "infinity, and the run ends with an error in the sampler.", fault="banned-words",
          rules=("non-finite-loss", "non-finite-layer"), causes=("nan-in-code",), begins=45,
          onset=FirstRow("actor/entropy"), harm=not_finite("actor/entropy"),
          allowed=("non-finite-layer", "hidden-non-finite-loss", "gradient-explosion", "stalled-run")),
]
