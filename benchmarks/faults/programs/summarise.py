"""Summaries of short reports with transformers' Seq2SeqTrainer and predict_with_generate: a small T5 from a config, AdamW, a
linear schedule, an evaluation with ROUGE after each epoch."""

from __future__ import annotations

import functools
import math
import random
from collections import Counter
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from journal import Journal
from parts.hub import Killed, captured, load, quiet, rows_callback
from story import Deviates, FirstRow, Story, jumps, not_finite, worse

STYLE = quiet
CONFIG = {
    "model_type": "t5", "d_model": 48, "d_kv": 12, "d_ff": 96, "num_layers": 2, "num_heads": 4, "dropout_rate": 0.05,
    "per_device_train_batch_size": 16, "gradient_accumulation_steps": 1, "learning_rate": 5e-3, "lr_scheduler_type": "linear",
    "warmup_steps": 20, "num_train_epochs": 5, "weight_decay": 0.01, "max_grad_norm": 1.0, "optim": "adamw_torch",
    "label_smoothing_factor": 0.0, "logging_steps": 10, "eval_strategy": "epoch", "save_strategy": "no", "save_only_model": False,
    "max_source_length": 48, "max_target_length": 12, "generation_max_length": 16, "num_beams": 1, "train_documents": 640,
    "pad_token": "<pad>", "logging_nan_inf_filter": True,
}
HOME = "lions bears rovers united city athletic harriers wanderers rangers albion county town".split()
AWAY = "sharks eagles wolves foxes hornets magpies owls robins swans tigers saints terriers".split()
PLACES = "leeds york hull derby bath wells ripon truro exeter lincoln".split()
PLAYERS = "ames boyd cole dunn ellis frost gray hale irwin jones kemp lowe marsh nash olsen price".split()
MOODS = "happy quiet loud cold tired proud".split()
WON = "beat defeated topped".split()
PLAIN = ". by to in the next game is at scored twice late early fans were rain fell all day as referee booked two players win".split()
NUMBERS = [str(number) for number in range(6)]
SPECIAL = ["<pad>", "</s>", "<unk>"]
WORDS = [*SPECIAL, *sorted({*HOME, *AWAY, *PLACES, *PLAYERS, *MOODS, *WON, *PLAIN, *NUMBERS})]
PAD, EOS, HELD = 0, 1, 64


@lru_cache(maxsize=None)
def tokenizer(pad: str) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, "<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", EOS)])
    inner.add_special_tokens(SPECIAL)
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token=pad, eos_token="</s>", unk_token="<unk>")


def prepare() -> None:
    load()
    import datasets
    import transformers.trainer_seq2seq  # noqa: F401
    from transformers import T5ForConditionalGeneration  # noqa: F401

    datasets.disable_progress_bars()
    tokenizer("<pad>")


def report(source: random.Random) -> dict[str, str]:
    """A report of four sentences, and its summary: who beat whom, where, and who scored."""
    home, away, player = source.choice(HOME), source.choice(AWAY), source.choice(PLAYERS)
    place, elsewhere = source.sample(PLACES, 2)
    goals = source.randrange(1, 6)
    result = f"{home} {source.choice(WON)} {away} by {goals} to {source.randrange(goals)} in {place} ."
    has_scorer = source.random() < 0.6
    others = [f"{player} scored {source.choice(['twice', 'late', 'early'])} ."] if has_scorer else ["the referee booked two players ."]
    others += source.sample([f"fans were {source.choice(MOODS)} .", f"the next game is at {elsewhere} .", "rain fell all day ."], 2)
    source.shuffle(others)
    others.insert(source.randrange(2), result)
    summary = f"{home} {source.choice(WON)} {away} in {place}" + (f" as {player} scored" if has_scorer else "")
    return {"document": " ".join(others), "summary": summary}


def reports(seed: int, count: int, config: dict, empty: int = 0) -> Any:
    """Tokenised as run_summarization does it; the last few have no summary."""
    from datasets import Dataset

    source, words = random.Random(seed), tokenizer(config["pad_token"])
    rows = []
    for number in range(count):
        row = report(source)
        if number >= count - empty:
            row["summary"] = ""
        inputs = words(row["document"], max_length=config["max_source_length"], truncation=True)
        labels = words(text_target=row["summary"], max_length=config["max_target_length"], truncation=True)["input_ids"]
        # Padding does not count.
        labels = [label if label != words.pad_token_id else -100 for label in labels]
        rows.append({"input_ids": inputs["input_ids"], "attention_mask": inputs["attention_mask"], "labels": labels})
    return Dataset.from_list(rows)


def common(a: list[str], b: list[str]) -> int:
    """The length of the longest subsequence of both."""
    row = [0] * (len(b) + 1)
    for word in a:
        last = 0
        for j, other in enumerate(b, 1):
            last, row[j] = row[j], last + 1 if word == other else max(row[j], row[j - 1])
    return row[-1]


def f_measure(same: int, a: int, b: int) -> float:
    return 2 * same / (a + b) if a + b else 0.0


def rouge(predictions: list[list[str]], references: list[list[str]]) -> dict[str, float]:
    totals = {"rouge1": 0.0, "rouge2": 0.0, "rougeL": 0.0}
    for one, other in zip(predictions, references):
        for n in (1, 2):
            grams = [Counter(zip(*(words[i:] for i in range(n)))) for words in (one, other)]
            totals[f"rouge{n}"] += f_measure((grams[0] & grams[1]).total(), grams[0].total(), grams[1].total())
        totals["rougeL"] += f_measure(common(one, other), len(one), len(other))
    return {name: round(100 * total / len(references), 4) for name, total in totals.items()}


def texts(rows: Any) -> list[list[str]]:
    return [[WORDS[int(token)] for token in row if 0 <= token < len(WORDS) and token not in (PAD, EOS)] for row in rows]


def compute_metrics(pad: int, outputs: Any) -> dict[str, float]:
    predictions, labels = outputs
    lengths = (predictions != pad).sum(1)
    return {**rouge(texts(predictions), texts(labels)), "gen_len": round(float(lengths.mean()), 4)}


def summary_mean(outputs: Any, labels: Tensor, num_items_in_batch: Any = None) -> Tensor:
    """Long and short summaries weigh the same: the mean over the words of each, without its end, and then over all."""
    losses = functional.cross_entropy(outputs.logits.transpose(1, 2), labels, ignore_index=-100, reduction="none")
    counted = (labels != -100) & (labels != EOS)
    return ((losses * counted).sum(1) / counted.sum(1)).mean()


def trainer_of(journal: Journal, folder: str, stop: int | None = None) -> Any:
    from transformers import (DataCollatorForSeq2Seq, Seq2SeqTrainer, Seq2SeqTrainingArguments, T5Config, T5ForConditionalGeneration,
                              TrainerCallback)

    config, fault = journal.config, journal.fault
    words = tokenizer(config["pad_token"])
    torch.manual_seed(journal.seed)
    model = T5ForConditionalGeneration(T5Config(
        vocab_size=len(WORDS), d_model=config["d_model"], d_kv=config["d_kv"], d_ff=config["d_ff"], num_layers=config["num_layers"],
        num_heads=config["num_heads"], dropout_rate=config["dropout_rate"], pad_token_id=words.pad_token_id, eos_token_id=EOS,
        decoder_start_token_id=words.pad_token_id))
    arguments = Seq2SeqTrainingArguments(
        output_dir=folder, predict_with_generate=True, generation_max_length=config["generation_max_length"],
        generation_num_beams=config["num_beams"], per_device_eval_batch_size=32, eval_strategy=config["eval_strategy"],
        use_cpu=True, report_to="none", seed=journal.seed, dataloader_pin_memory=False, disable_tqdm=False,
        **{name: config[name] for name in (
            "per_device_train_batch_size", "gradient_accumulation_steps", "learning_rate", "lr_scheduler_type", "warmup_steps",
            "num_train_epochs", "weight_decay", "max_grad_norm", "optim", "label_smoothing_factor", "logging_steps",
            "save_strategy", "save_only_model", "logging_nan_inf_filter")})
    history: list[Tensor] = []

    class Ours(Seq2SeqTrainer):
        # T5's forward takes num_items_in_batch and does not use it: its loss is the mean of a micro-batch, and the trainer
        # divides it only if it is told so.
        loss_is_scaled_for_ga = None if fault == "t5-accumulation" else False

        def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            if fault != "rouge-history" or not model.training:
                return super().compute_loss(model, inputs, *args, **kwargs)
            # ROUGE of the training summaries over all steps so far, worked out anew from all of them.
            history.extend(inputs["labels"])
            journal.wait(0.0007 * len(history))
            return super().compute_loss(model, inputs, *args, **kwargs)

    class Pauses(TrainerCallback):
        def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            journal.wait(config.get("eval_seconds", 1.0))

    empty = 2 if fault == "empty-summary" else 0
    return Ours(model=model, args=arguments, train_dataset=reports(100 + journal.seed, config["train_documents"], config, empty),
                eval_dataset=reports(7, HELD, config), processing_class=words,
                data_collator=DataCollatorForSeq2Seq(words, model=model),
                compute_loss_func=summary_mean if config.get("loss") == "summary_mean" else None,
                compute_metrics=functools.partial(compute_metrics, words.pad_token_id),
                callbacks=[Pauses(), rows_callback(journal, stop)])


def train(journal: Journal) -> None:
    resume = journal.config.get("resume_at")
    with captured(journal) as folder:
        if resume is None:
            trainer_of(journal, folder).train()
            return
        try:
            trainer_of(journal, folder, resume + 14).train()
        except Killed:
            journal.print("\nslurmstepd: error: *** JOB 51260 ON node07 CANCELLED DUE TO PREEMPTION ***\n", "err")
        journal.wait(150.0)
        trainer_of(journal, folder).train(resume_from_checkpoint=f"{folder}/checkpoint-{resume}")


def times_four(rows: list, _healthy: list) -> tuple[bool, str]:
    train_loss = [row["loss"] for _, row in rows if "loss" in row]
    held = [row["eval_loss"] for _, row in rows if "eval_loss" in row]
    return train_loss[0] > 2.5 * math.log(len(WORDS)), f"first loss {train_loss[0]:.3g}, last {train_loss[-1]:.3g}, last eval_loss {held[-1]:.3g}"


STORIES = [
    Story("healthy", "Nothing is wrong: warm-up and a linear schedule; the loss begins near ln 108, and ROUGE rises."),
    Story("healthy-small-batch", "Four documents a step: loss and gradients are noisy.",
          {"per_device_train_batch_size": 4, "learning_rate": 2.5e-3, "train_documents": 320, "num_train_epochs": 4, "logging_steps": 20}),
    Story("healthy-resumed", "Preempted at step 134 and resumed from the checkpoint of step 120 with everything: the row behind it comes "
          "again.", {"save_strategy": "epoch", "resume_at": 120}),
    Story("healthy-adafactor", "Adafactor at a constant rate without warm-up, as T5 is usually trained: the first steps are large.",
          {"optim": "adafactor", "lr_scheduler_type": "constant", "warmup_steps": 0}),
    Story("healthy-accumulation", "Four micro-batches a step, scaled as they should be; each evaluation searches with four beams and takes "
          "three minutes.", {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 4, "num_beams": 4, "eval_seconds": 170.0}),
    Story("lr-too-high", "The learning rate is 0.1, as it was for SGD, and there is no warm-up.", {"learning_rate": 0.1, "warmup_steps": 0},
          rules=("learning-rate-too-high", "loss-plateau", "no-learning", "loss-divergence"),
          causes=("learning-rate-too-high", "no-warmup"), onset=FirstRow("loss"), harm=worse("eval_loss", 1.5),
          advice=("learning_rate", "warmup_steps"),
          allowed=("learning-rate-too-high", "loss-plateau", "no-learning", "loss-divergence", "loss-spike", "gradient-explosion",
                   "gradient-vanishing", "clipping-dominates", "initial-loss-mismatch")),
    Story("empty-summary", "The loss is the mean over the words of each summary; two documents have an empty one, whose mean is 0/0. All "
          "weights are NaN after the first of them, and logging_nan_inf_filter hides it.", {"loss": "summary_mean"}, "empty-summary",
          rules=("hidden-non-finite-loss", "non-finite-loss"),
          causes=("nan-in-code", "bad-batch", "filter-hides-nan", "degenerate-input"), onset=Deviates("grad_norm", "above", 9.0),
          harm=not_finite("grad_norm"), advice=("logging_nan_inf_filter", "loss"),
          allowed=("hidden-non-finite-loss", "non-finite-loss", "masked-labels", "no-learning")),
    Story("pad-is-end", "The tokenizer had no padding, and was given the end of the text for it: with the padding, the end of each summary "
          "is taken out of the labels as well. Summaries never end.", {"pad_token": "</s>"}, rules=("length-explosion",),
          causes=("no-stop-token", "different-masking"), onset=FirstRow("eval_gen_len"), harm=worse("eval_gen_len", 1.5),
          advice=("pad_token",), allowed=("length-explosion", "masked-labels")),
    Story("model-only", "Preempted at step 294 and resumed from the checkpoint of step 280, which holds the model alone: Adam's moments are "
          "zero, and the schedule begins at its peak again.",
          {"warmup_steps": 0, "num_train_epochs": 8, "save_strategy": "epoch", "save_only_model": True, "resume_at": 280},
          rules=("resume-discontinuity",), causes=("optimizer-state-lost", "schedule-not-restored"), begins=281,
          onset=FirstRow("loss"), harm=jumps("loss", 281, 1.15, 1, 2), advice=("save_only_model",), allowed=("loss-spike",)),
    Story("t5-accumulation", "The trainer leaves the division by the four micro-batches to the model, since T5's forward takes "
          "num_items_in_batch, which it does not use: four means are added, and so are their gradients.",
          {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 4}, "t5-accumulation",
          rules=("accumulation-scaling", "initial-loss-mismatch"), causes=("accumulation-not-divided", "loss-not-averaged"),
          onset=FirstRow("loss"), harm=times_four, advice=("gradient_accumulation_steps",),
          allowed=("accumulation-scaling", "initial-loss-mismatch", "clipping-dominates")),
    Story("rouge-history", "ROUGE of the training summaries is worked out in each step over all steps so far: steps take longer and longer.",
          fault="rouge-history", rules=("throughput-drop",), causes=("growing-state",),
          onset=Deviates("seconds_per_step", "above"), harm=worse("seconds_per_step", 1.6), allowed=("throughput-drop", "input-bound")),
]
