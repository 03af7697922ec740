"""A pairwise reward model with TRL's own RewardTrainer: a small Qwen2 with a score of one number, trained from scratch on
preference pairs (which answer names more things of the kind asked for), AdamW, a cosine."""

from __future__ import annotations

import math
import random
from functools import lru_cache
from typing import Any

import torch

from journal import Journal
from parts.hub import Killed, captured, load, quiet, rows_callback
from story import AfterBest, FirstRow, Story, grows, jumps, not_finite, reaches, turns, worse

STYLE = quiet
CONFIG = {
    "model_type": "qwen2", "num_labels": 1, "hidden_size": 32, "num_hidden_layers": 2, "initializer_range": 0.1, "per_device_train_batch_size": 16,
    "gradient_accumulation_steps": 1, "learning_rate": 3e-3, "lr_scheduler_type": "cosine", "warmup_steps": 10,
    "max_steps": 144, "weight_decay": 0.01, "max_grad_norm": 1.0, "optim": "adamw_torch", "logging_steps": 6,
    "eval_steps": 24, "train_pairs": 2304, "max_length": 32, "margin_column": None, "center_rewards_coefficient": None,
    "logging_nan_inf_filter": True, "annotator_noise": 0.04,
}
KINDS = {"fruit": "apple pear plum grape melon fig lemon cherry", "tool": "saw hammer file drill axe rasp plane chisel",
         "bird": "crow owl wren gull hawk finch heron robin", "fish": "carp pike trout eel cod perch tench bream"}
FILLERS = "um whatever dunno stuff thing maybe err".split()
SYSTEM = "system : be brief . user : name five".split()
SPECIAL = ["<pad>", "<eos>", "<unk>"]
WORDS = [*SPECIAL, *sorted({*SYSTEM, *FILLERS, "assistant", *KINDS, *(word for words in KINDS.values() for word in words.split())})]
IDS = {word: number for number, word in enumerate(WORDS)}


@lru_cache(maxsize=None)
def tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.WordLevel(dict(IDS), "<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.add_special_tokens(SPECIAL)
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")


def prepare() -> None:
    load()
    import datasets
    import trl.trainer.reward_trainer  # noqa: F401

    datasets.disable_progress_bars()
    tokenizer()


def answer(source: random.Random, kind: str, right: int) -> list[str]:
    """Five words, of which so many are of the kind; most others say nothing, some are of another kind."""
    others = [word for name, words in KINDS.items() if name != kind for word in words.split()]
    words = source.sample(KINDS[kind].split(), right)
    words += [source.choice(FILLERS if source.random() < 0.7 else others) for _ in range(5 - right)]
    source.shuffle(words)
    return words


def pairs(seed: int, count: int, noise: float, fault: str | None, config: dict) -> list[dict[str, Any]]:
    source, rows = random.Random(seed), []
    per_step = config["per_device_train_batch_size"] * config["gradient_accumulation_steps"]
    for number in range(count):
        step, kind = number // per_step + 1, source.choice(list(KINDS))
        better = source.randrange(2, 6)
        worse_one = source.randrange(better - 1)
        has_other_scale = fault == "log-of-ratings" and step >= 103
        if has_other_scale and number % per_step == 0:
            # Both answers are poor, and one is a little less so.
            better, worse_one = 1, 0
        sides = [answer(source, kind, better), answer(source, kind, worse_one)]
        if source.random() < noise or (fault == "swapped-shard" and 91 <= step <= 96):
            # The shard of one vendor has the rejected answer first.
            sides.reverse()
        # Truncation counts from the front, as the tokenizer does by default.
        ids = [[IDS[word] for word in [*SYSTEM, kind, "assistant", ":", *side]] + [IDS["<eos>"]] for side in sides]
        row: dict[str, Any] = {name: one[:config["max_length"]] for name, one in zip(("chosen_ids", "rejected_ids"), ids)}
        if config["margin_column"]:
            # Ratings go from 1 to 6; the second vendor is stricter, and its scale begins at 0.
            ratings = torch.tensor([better, worse_one]) + 1.0
            if has_other_scale:
                ratings = (ratings - 2.0).clamp(min=0.0)
            row["margin"] = float(0.3 * torch.log(ratings[0] / ratings[1]))
        rows.append(row)
    return rows


def trainer_of(journal: Journal, folder: str, stop: int | None = None) -> Any:
    from datasets import Dataset
    from transformers import Qwen2Config, Qwen2ForSequenceClassification, TrainerCallback
    from trl import RewardConfig, RewardTrainer

    config, fault = journal.config, journal.fault
    torch.manual_seed(journal.seed)
    model = Qwen2ForSequenceClassification(Qwen2Config(
        vocab_size=len(WORDS), hidden_size=config["hidden_size"], intermediate_size=2 * config["hidden_size"],
        num_hidden_layers=config["num_hidden_layers"], num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=64, initializer_range=config["initializer_range"], num_labels=1, pad_token_id=0, eos_token_id=1, bos_token_id=None))
    saves = config.get("save_steps")
    arguments = RewardConfig(
        output_dir=folder, per_device_train_batch_size=config["per_device_train_batch_size"],
        gradient_accumulation_steps=config["gradient_accumulation_steps"], learning_rate=config["learning_rate"],
        lr_scheduler_type=config["lr_scheduler_type"], warmup_steps=config["warmup_steps"], max_steps=config["max_steps"],
        weight_decay=config["weight_decay"], max_grad_norm=config["max_grad_norm"], optim=config["optim"],
        logging_steps=config["logging_steps"], eval_strategy="steps", eval_steps=config["eval_steps"],
        per_device_eval_batch_size=64, save_strategy="steps" if saves else "no", save_steps=saves or 500,
        center_rewards_coefficient=config["center_rewards_coefficient"], max_length=None, use_cpu=True, bf16=False,
        logging_nan_inf_filter=config["logging_nan_inf_filter"], report_to="none", seed=journal.seed, disable_tqdm=False,
        dataloader_num_workers=0, dataloader_pin_memory=False, gradient_checkpointing=False)
    size = config["train_pairs"]
    needed = config["max_steps"] * config["per_device_train_batch_size"] * config["gradient_accumulation_steps"]

    class Ours(RewardTrainer):
        # Copied from a trainer of language models, whose loss is a share of the whole batch.
        loss_is_scaled_for_ga = fault == "scaled-by-caller"

        def _get_train_sampler(self, *_: Any) -> Any:
            # The file is shuffled already, and read once where it is long enough.
            return super()._get_train_sampler() if size < needed else torch.utils.data.SequentialSampler(self.train_dataset)

        def create_model_card(self, *_: Any, **__: Any) -> None:
            pass

    class Pauses(TrainerCallback):
        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if fault == "remote-annotations" and state.global_step >= 84:
                # Each answer is fetched from the service of the annotations, which another job now queries as well.
                journal.wait(1.4 + 1.2 * random.Random(state.global_step).random())

        def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            journal.wait(config.get("eval_seconds", 2.0))

    train_rows = pairs(100 + journal.seed, size, config["annotator_noise"], fault, config)
    held = pairs(7, 128, 0.0, None, {**config, "margin_column": None})
    return Ours(model=model, args=arguments, train_dataset=Dataset.from_list(train_rows),
                eval_dataset=Dataset.from_list(held), processing_class=tokenizer(),
                callbacks=[Pauses(), rows_callback(journal, stop)])


def train(journal: Journal) -> None:
    saved = journal.config.get("save_steps")
    with captured(journal) as folder:
        if saved is None:
            trainer_of(journal, folder).train()
            return
        try:
            trainer_of(journal, folder, saved + 10).train()
        except Killed:
            journal.print("\nslurmstepd: error: *** STEP 40917.0 ON node31 CANCELLED DUE TO PREEMPTION ***\n", "err")
        journal.wait(180.0)
        trainer_of(journal, folder).train(resume_from_checkpoint=f"{folder}/checkpoint-{saved}")


def above_eval(rows: list, _healthy: list) -> tuple[bool, str]:
    train_loss = [row["loss"] for _, row in rows if "loss" in row]
    held = [row["eval_loss"] for _, row in rows if "eval_loss" in row]
    return train_loss[0] > 3 * math.log(2), f"first loss {train_loss[0]:.3g}, last {train_loss[-1]:.3g}, last eval_loss {held[-1]:.3g}"


STORIES = [
    Story("healthy", "Nothing is wrong: the loss begins near ln 2 and falls, accuracy and margin rise."),
    Story("healthy-small-batch", "Three pairs a step: the accuracy jumps about, and so does the loss.",
          {"per_device_train_batch_size": 3, "learning_rate": 1.5e-3, "max_steps": 288, "logging_steps": 12, "eval_steps": 48}),
    Story("healthy-annotators", "A quarter of the pairs are labelled the wrong way round, as people disagree: the training "
          "loss stays high and above that of the clean evaluation.", {"annotator_noise": 0.25}),
    Story("healthy-margin", "Each pair asks for a margin by its ratings, as the configuration says, and rewards are pulled to 0: "
          "the loss begins above ln 2, and that of the evaluation, which asks for none, is lower.",
          {"margin_column": "log_ratio", "center_rewards_coefficient": 0.01}),
    Story("healthy-resumed", "Preempted at step 82 and resumed from the checkpoint of step 72 with everything: the rows behind "
          "it come again.", {"save_steps": 72}),
    Story("healthy-short", "A try of 40 steps at a constant rate.",
          {"max_steps": 40, "lr_scheduler_type": "constant_with_warmup", "warmup_steps": 4, "logging_steps": 2, "eval_steps": 10}),
    Story("lr-too-high", "The learning rate is 0.3, a hundred times too high, and there is no warm-up.",
          {"learning_rate": 0.3, "warmup_steps": 0},
          rules=("learning-rate-too-high", "loss-divergence", "no-learning", "loss-plateau"),
          causes=("learning-rate-too-high", "no-warmup"), begins=2, onset=FirstRow("loss"), harm=worse("eval_loss", 1.5),
          advice=("learning_rate", "warmup_steps"),
          allowed=("learning-rate-too-high", "loss-divergence", "no-learning", "loss-plateau", "loss-spike", "gradient-explosion",
                   "gradient-vanishing", "clipping-dominates", "initial-loss-mismatch", "preference-degeneration", "overfitting")),
    Story("cut-at-prompt", "max_length is 10, of which the prompt takes all: both sides of each pair are the same text, every margin "
          "is 0 and the loss ln 2.", {"max_length": 10}, "cut-at-prompt",
          rules=("no-learning", "preference-degeneration", "loss-plateau", "gradient-vanishing"),
          causes=("truncated-answers", "pairs-indistinguishable", "degenerate-input"), onset=FirstRow("loss"),
          harm=reaches("eval_accuracy", 0.55, above=False), advice=("max_length",),
          allowed=("no-learning", "preference-degeneration", "loss-plateau", "gradient-vanishing")),
    Story("scaled-by-caller", "A trainer that was copied says that its loss is divided by the accumulated micro-batches, which it is "
          "not: the losses of four are added, and so are their gradients.",
          {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 4}, "scaled-by-caller",
          rules=("accumulation-scaling", "initial-loss-mismatch"), causes=("accumulation-not-divided", "loss-not-averaged"),
          onset=FirstRow("loss"), harm=above_eval, advice=("gradient_accumulation_steps",),
          allowed=("accumulation-scaling", "initial-loss-mismatch", "clipping-dominates")),
    Story("few-pairs", "48 pairs are read 48 times at a constant rate without decay, wrong ones among them: they are learnt by heart.",
          {"train_pairs": 48, "weight_decay": 0.0, "lr_scheduler_type": "constant_with_warmup", "annotator_noise": 0.1,
           "eval_steps": 12}, rules=("overfitting", "memorization"),
          causes=("too-many-epochs", "too-little-regularisation"), onset=AfterBest("eval_loss"), harm=turns("eval_loss", 1.2),
          advice=("train_pairs", "max_steps", "weight_decay"), allowed=("overfitting", "memorization", "data-repeated")),
    Story("swapped-shard", "Steps 91 to 96 read the shard of a vendor that has the rejected answer first.", fault="swapped-shard",
          rules=("loss-spike",), causes=("bad-batch", "pairs-swapped", "labels-unrelated"), begins=91, onset=FirstRow("loss"),
          harm=jumps("loss", 91, 1.6), allowed=("gradient-explosion", "preference-degeneration")),
    Story("log-of-ratings", "The margin is the log of the ratio of two ratings, and from step 103 on they come from a vendor whose "
          "scale begins at 0: 0/0 is NaN, and logging_nan_inf_filter hides it.", {"margin_column": "log_ratio"}, "log-of-ratings",
          rules=("hidden-non-finite-loss", "non-finite-loss"),
          causes=("nan-in-code", "bad-batch", "filter-hides-nan", "degenerate-input"), begins=103, onset=FirstRow("loss"),
          harm=not_finite("grad_norm"), advice=("logging_nan_inf_filter", "margin_column"),
          allowed=("hidden-non-finite-loss", "non-finite-loss", "masked-labels", "preference-degeneration")),
    Story("remote-annotations", "From step 85 on another job queries the service of the annotations as well, which answers each "
          "step of the loader later.", fault="remote-annotations", rules=("throughput-drop", "input-bound"),
          causes=("data-loader-slow", "neighbour-load"), begins=85, onset=FirstRow("loss"),
          harm=grows("seconds_per_step", 85, 1.8), allowed=("throughput-drop", "input-bound")),
]
