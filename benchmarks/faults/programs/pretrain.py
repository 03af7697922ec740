"""Pre-training of a small GPT-2 on made-up source code, character by character, with Hugging Face's own Trainer: AdamW, a
cosine with a floor, its bar and its dictionaries."""

from __future__ import annotations

import math
import random
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from journal import Journal
from parts.hub import Killed, captured, load, quiet, rows_callback
from story import FirstRow, Story, grows, jumps, not_finite, worse

STYLE = quiet
BLOCK = 48
CONFIG = {
    "model_type": "gpt2", "n_embd": 48, "n_layer": 2, "n_head": 3, "n_positions": BLOCK, "initializer_range": 0.02,
    "resid_pdrop": 0.0, "per_device_train_batch_size": 16, "gradient_accumulation_steps": 1, "learning_rate": 4e-3,
    "lr_scheduler_type": "cosine_with_min_lr", "min_lr_rate": 0.1, "warmup_steps": 16, "max_steps": 240,
    "weight_decay": 0.05, "adam_beta1": 0.9, "adam_beta2": 0.95, "max_grad_norm": 1.0, "optim": "adamw_torch",
    "logging_steps": 8, "eval_steps": 48, "logging_nan_inf_filter": True, "train_blocks": 4000, "watch_every": 60,
}
NAMES = ["total", "count", "index", "width", "score", "left", "right", "buffer", "offset", "limit"]
CALLS = ["max", "min", "clamp", "read", "push", "merge", "hash", "split"]


def line(source: random.Random) -> str:
    name, other = source.choice(NAMES), source.choice(NAMES)
    kind = source.randrange(5)
    if kind == 0:
        return f"let {name} = {source.choice(CALLS)}({other}, {source.randrange(100)});\n"
    if kind == 1:
        return f"if ({name} > {other}) return {source.choice(NAMES)};\n"
    if kind == 2:
        return f"{name} += {other} * {source.randrange(10)};\n"
    if kind == 3:
        return f"for (const {name} of {source.choice(CALLS)}({other})) {{\n"
    return f"}} // end of {other}\n"


ALPHABET = sorted(set("".join(line(random.Random(i)) for i in range(3000))))


@lru_cache(maxsize=None)
def blocks(seed: int, count: int) -> Tensor:
    source = random.Random(seed)
    code = {letter: number for number, letter in enumerate(ALPHABET)}
    text: list[int] = []
    while len(text) < count * BLOCK:
        text += [code[letter] for letter in line(source)]
    return torch.tensor(text[:count * BLOCK]).view(count, BLOCK)


def prepare() -> None:
    load()
    blocks(31, CONFIG["train_blocks"])
    blocks(32, 96)


class Corpus(torch.utils.data.Dataset):
    """Blocks in the order in which they are trained: that of a shuffled file, read once."""

    def __init__(self, journal: Journal, tokens: Tensor, is_training: bool = True):
        self.tokens, self.labels = tokens.clone(), tokens.clone()
        self.weights = torch.ones_like(tokens, dtype=torch.float32)
        self.journal, self.config = journal, journal.config
        if not is_training:
            return
        source = torch.Generator().manual_seed(journal.seed)
        self.tokens = self.tokens[torch.randperm(len(tokens), generator=source)]
        per_step = self.config["per_device_train_batch_size"] * self.config["gradient_accumulation_steps"]
        fault, noise = journal.fault, self.config.get("noise", 0.0)
        if noise:
            # Scanned text: single characters are wrong.
            wrong = torch.rand(self.tokens.shape, generator=source) < noise
            self.tokens = torch.where(wrong, torch.randint(0, len(ALPHABET), tokens.shape, generator=source), self.tokens)
        if fault == "corrupt-shard":
            # A shard that did not survive its decompression, in the middle of the file.
            part = self.tokens[120 * per_step:125 * per_step]
            part.copy_(torch.randint(0, len(ALPHABET), part.shape, generator=source))
        every = self.config.get("minified_every")
        for step in range(every, len(self.tokens) // per_step, every) if every else ():
            # Minified code: three blocks of one batch are all but noise.
            part = self.tokens[(step - 1) * per_step:(step - 1) * per_step + 3]
            part.copy_(torch.randint(0, len(ALPHABET), part.shape, generator=source))
        if fault == "filtered-shard":
            # The quality filter gave each of these documents the weight 0.
            self.weights[184 * per_step:186 * per_step] = 0.0
        self.labels = self.tokens.clone()

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, i: int) -> dict[str, Tensor]:
        return {"input_ids": self.tokens[i], "labels": self.labels[i], "weights": self.weights[i]}


def trainer_of(journal: Journal, folder: str, first: int = 1, stop: int | None = None) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainerCallback, TrainingArguments

    config, fault = journal.config, journal.fault
    torch.manual_seed(journal.seed)
    model = GPT2LMHeadModel(GPT2Config(
        vocab_size=len(ALPHABET), n_positions=BLOCK, n_embd=config["n_embd"], n_layer=config["n_layer"],
        n_head=config["n_head"], resid_pdrop=config["resid_pdrop"], embd_pdrop=config["resid_pdrop"], attn_pdrop=0.0,
        initializer_range=config["initializer_range"], bos_token_id=0, eos_token_id=0, use_cache=False))
    if config.get("freeze_embeddings"):
        model.transformer.wpe.requires_grad_(False)
    extra = {"min_lr_rate": config["min_lr_rate"]} if config["lr_scheduler_type"] == "cosine_with_min_lr" else {}
    if config["lr_scheduler_type"] == "cosine_with_restarts":
        extra = {"num_cycles": config["num_cycles"]}
    saves = config.get("save_steps")
    arguments = TrainingArguments(
        output_dir=folder, per_device_train_batch_size=config["per_device_train_batch_size"],
        gradient_accumulation_steps=config["gradient_accumulation_steps"], learning_rate=config["learning_rate"],
        lr_scheduler_type=config["lr_scheduler_type"], lr_scheduler_kwargs=extra, warmup_steps=config["warmup_steps"],
        max_steps=config["max_steps"], weight_decay=config["weight_decay"], adam_beta1=config["adam_beta1"],
        adam_beta2=config["adam_beta2"], max_grad_norm=config["max_grad_norm"], optim=config["optim"],
        logging_steps=config["logging_steps"], eval_strategy="steps", eval_steps=config["eval_steps"],
        per_device_eval_batch_size=48, save_strategy="steps" if saves else "no", save_steps=saves or 500,
        save_only_model=config.get("save_only_model", False), logging_nan_inf_filter=config["logging_nan_inf_filter"],
        use_cpu=True, report_to="none", seed=journal.seed, remove_unused_columns=False, disable_tqdm=False,
        dataloader_num_workers=0, dataloader_pin_memory=False)

    def mean_loss(outputs: Any, labels: Tensor, num_items_in_batch: Any = None) -> Tensor:
        # Written for one batch a step, and taken over when accumulation came: the Trainer no longer divides.
        return functional.cross_entropy(outputs.logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())

    class Weighted(Trainer):
        def compute_loss(self, model: nn.Module, inputs: dict, return_outputs: bool = False, **kwargs: Any) -> Any:
            weights = inputs.pop("weights")
            if fault != "filtered-shard":
                return super().compute_loss(model, inputs, return_outputs, **kwargs)
            outputs = model(input_ids=inputs["input_ids"])
            each = functional.cross_entropy(outputs.logits[:, :-1].transpose(1, 2), inputs["labels"][:, 1:],
                                            reduction="none")
            loss = (each * weights[:, 1:]).sum() / weights[:, 1:].sum()
            return (loss, {"logits": outputs.logits}) if return_outputs else loss

        def _get_train_sampler(self, *_: Any) -> Any:
            return torch.utils.data.SequentialSampler(self.train_dataset)

    class Report(TrainerCallback):
        """Exports the profile of all steps so far after each of them."""

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if fault == "profile-kept" and state.global_step > 96:
                journal.wait(0.012 * (state.global_step - 96))

        def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            journal.wait(config.get("eval_seconds", 0.0))

    count = config["train_blocks"]
    tokens = blocks(31, CONFIG["train_blocks"])[:count]
    trainer = Weighted(model=model, args=arguments, train_dataset=Corpus(journal, tokens),
                       eval_dataset=Corpus(journal, blocks(32, 96), False),
                       compute_loss_func=mean_loss if fault == "mean-loss" else None,
                       callbacks=[Report(), rows_callback(journal, stop)])
    if fault == "filtered-shard":
        trainer.loss_is_scaled_for_ga = False
    trainer.create_optimizer()
    watch(journal, model, trainer.optimizer, first)
    return trainer


def watch(journal: Journal, model: nn.Module, optimizer: torch.optim.Optimizer, first: int) -> None:
    if first == 1:
        journal.watch(model, optimizer)
        return
    from llmdbg._watch.torch_watch import TorchWatch

    journal._watch = TorchWatch(model, optimizer, emit=journal.emit, emit_record=journal.emit_record, first_step=first,
                                every=journal.config["watch_every"])


def train(journal: Journal) -> None:
    saved = journal.config.get("save_steps")
    with captured(journal) as folder:
        if saved is None:
            trainer_of(journal, folder).train()
            return
        try:
            trainer_of(journal, folder, stop=saved + 11).train()
        except Killed:
            journal.print("\nslurmstepd: error: *** JOB 88120 ON gpu-b07 CANCELLED DUE TO TIME LIMIT ***\n", "err")
        journal.wait(240.0)
        trainer_of(journal, folder, saved + 1).train(resume_from_checkpoint=f"{folder}/checkpoint-{saved}")


def starts_high(rows: list, healthy: list) -> tuple[bool, str]:
    ours, theirs = rows[0][1]["loss"], healthy[0][1]["loss"]
    return ours > 1.5 * theirs, f"first loss {ours:.3g}, healthy {theirs:.3g}; ln of the vocabulary {math.log(len(ALPHABET)):.3g}"


def above_eval(rows: list, _healthy: list) -> tuple[bool, str]:
    train_loss = [row["loss"] for _, row in rows if "loss" in row][-1]
    held = [row["eval_loss"] for _, row in rows if "eval_loss" in row][-1]
    return train_loss > 2 * held, f"last loss {train_loss:.3g}, last eval_loss {held:.3g}"


STORIES = [
    Story("healthy", "Nothing is wrong: warm-up, a cosine that ends at a tenth, clipping at 1."),
    Story("healthy-small-batch", "Three blocks a step: the loss is noisy, the gradients are clipped most of the time.",
          {"per_device_train_batch_size": 3, "learning_rate": 3e-3, "max_grad_norm": 0.5}),
    Story("healthy-minified", "Every 40 steps three blocks of a batch are all but noise: the loss rises for one row.",
          {"minified_every": 40, "logging_steps": 4, "max_steps": 180}),
    Story("healthy-plateau", "A twelfth of the characters are wrong, and the rate is constant: the loss ends high, and "
          "twice as high as that of the clean evaluation.", {"noise": 0.08, "lr_scheduler_type": "constant_with_warmup", "learning_rate": 3e-3,
                               "max_steps": 300, "logging_steps": 10}),
    Story("healthy-resumed", "Killed at step 155 and resumed from the checkpoint of step 144 with everything: the rows of "
          "the steps behind it come again.", {"save_steps": 144}),
    Story("healthy-restarts", "A cosine with three restarts, Adafactor, dropout of a tenth.",
          {"lr_scheduler_type": "cosine_with_restarts", "num_cycles": 3, "optim": "adafactor", "resid_pdrop": 0.1}),
    Story("healthy-accumulation", "Four micro-batches a step, averaged as they should be; each evaluation takes two minutes "
          "and the positions are frozen, as the configuration says.",
          {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 4, "eval_seconds": 120.0,
           "freeze_embeddings": True, "max_steps": 160}, allowed=("frozen-layer",)),
    Story("lr-too-high", "The learning rate is 0.3 and there is no warm-up.", {"learning_rate": 0.3, "warmup_steps": 0},
          rules=("learning-rate-too-high", "loss-divergence", "no-learning"),
          causes=("learning-rate-too-high", "no-warmup"), begins=2, onset=FirstRow("loss"),
          harm=worse("eval_loss", 1.5), advice=("learning_rate", "warmup_steps"),
          allowed=("loss-divergence", "no-learning", "learning-rate-too-high", "loss-spike", "gradient-explosion",
                   "loss-plateau", "update-ratio-out-of-band", "gradient-vanishing", "attention-logit-growth",
                   "clipping-dominates", "dead-units", "initial-loss-mismatch", "frozen-layer", "saturated-activations")),
    Story("model-only", "Killed at step 155 and resumed from the checkpoint of step 144, which holds the model alone: the "
          "moments are zero, and warm-up and cosine begin anew.", {"save_steps": 144, "save_only_model": True,
                                                                   "warmup_steps": 4, "learning_rate": 8e-3},
          "model-only", rules=("resume-discontinuity",), causes=("optimizer-state-lost", "schedule-not-restored"),
          begins=145, onset=FirstRow("loss"), harm=jumps("loss", 145, 1.15, rows_before=2), advice=("save_only_model",),
          allowed=("loss-spike", "gradient-explosion")),
    Story("corrupt-shard", "Steps 121 to 125 read a shard that is broken: random characters; nothing is clipped.",
          {"max_grad_norm": 0.0}, "corrupt-shard", rules=("loss-spike",), causes=("bad-batch", "degenerate-input"),
          begins=121, onset=FirstRow("loss"), harm=jumps("loss", 121, 1.5), allowed=("gradient-explosion",)),
    Story("initializer-range", "initializer_range is 0.8 and not 0.02: the first loss is far above that of a uniform guess.",
          {"initializer_range": 0.8}, rules=("initial-loss-mismatch", "attention-logit-growth"),
          causes=("initialization-too-large",), onset=FirstRow("loss"), harm=starts_high, advice=("initializer_range",),
          allowed=("attention-logit-growth", "clipping-dominates", "gradient-explosion", "update-ratio-out-of-band",
                   "no-learning", "loss-plateau", "initial-loss-mismatch", "frozen-layer", "saturated-activations")),
    Story("mean-loss", "A loss function of the user's own returns the mean of each of four micro-batches; the Trainer takes "
          "it for a share of the whole and adds them up.",
          {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 4, "max_steps": 160}, "mean-loss",
          rules=("accumulation-scaling",), causes=("accumulation-not-divided", "loss-not-averaged"),
          onset=FirstRow("loss"), harm=above_eval, allowed=("initial-loss-mismatch", "clipping-dominates")),
    Story("filtered-shard", "The loss is a weighted mean; at step 185 all weights of a batch are 0, the loss is 0/0, and "
          "logging_nan_inf_filter hides it.", fault="filtered-shard",
          rules=("hidden-non-finite-loss", "non-finite-loss", "non-finite-layer"),
          causes=("nan-in-code", "bad-batch", "filter-hides-nan", "degenerate-input", "labels-all-masked"), begins=185,
          onset=FirstRow("loss"), harm=not_finite("grad_norm"), advice=("logging_nan_inf_filter",),
          allowed=("non-finite-layer", "hidden-non-finite-loss", "non-finite-loss")),
    Story("profile-kept", "From step 97 on a callback exports the profile of all steps so far after each step: the steps "
          "take longer and longer.", fault="profile-kept", rules=("throughput-drop",), causes=("growing-state",), begins=97,
          onset=FirstRow("loss"), harm=grows("seconds_per_step", 97, 1.5), allowed=("input-bound",)),
]
