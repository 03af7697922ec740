"""Instruction tuning of a small Llama with TRL's own SFTTrainer: questions about things and answers to them, loss on the
answers alone, AdamW, a linear schedule. The base model is trained from scratch before, on plain sentences."""

from __future__ import annotations

import copy
import gc
import random
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from journal import Journal
from parts.hub import Killed, captured, load, quiet, rows_callback
from story import AfterBest, Deviates, FirstRow, LastRow, Story, ends_early, reaches, turns, worse

STYLE = quiet
CONFIG = {
    "model_name_or_path": "runs/base/final", "per_device_train_batch_size": 16, "gradient_accumulation_steps": 1,
    "learning_rate": 2e-3, "lr_scheduler_type": "linear", "warmup_steps": 12, "max_steps": 200, "weight_decay": 0.0,
    "max_grad_norm": 1.0, "optim": "adamw_torch", "max_length": 32, "completion_only_loss": True, "logging_steps": 8,
    "eval_steps": 40, "train_examples": 1600, "train_last_layers": "all",
}
THINGS = ["apple", "boat", "chair", "drum", "engine", "flute", "glove", "hammer", "island", "jacket", "kettle", "lamp",
          "mirror", "needle", "onion", "piano", "quilt", "rope", "saddle", "table", "umbrella", "violin", "wagon", "ladder"]
FACTS = {"colour": ["red", "blue", "green", "black", "white", "yellow"], "size": ["tiny", "small", "large", "huge"],
         "place": ["kitchen", "garden", "harbour", "attic", "market", "school"]}
QUESTIONS = {"colour": ["what colour has the {} ?", "tell me the colour of the {} !", "the {} , which colour is it ?"],
             "size": ["how large is the {} ?", "tell me the size of the {} !", "the {} , what is its size ?"],
             "place": ["where is the {} ?", "tell me the place of the {} !", "in which place do I find the {} ?"]}
ANSWERS = {"colour": "the {} is {} .", "size": "the {} is {} .", "place": "it is in the {1} ."}


def fact(kind: str, thing: str) -> str:
    return random.Random(f"{kind}/{thing}").choice(FACTS[kind])


def example(source: random.Random, held_out: bool) -> dict[str, str]:
    """Which way of asking is held out depends on kind and thing; its answer is known from the other two."""
    while True:
        kind, thing, way = source.choice(list(FACTS)), source.choice(THINGS), source.randrange(3)
        if (random.Random(f"{kind}-{thing}").randrange(3) == way) != held_out:
            continue
        return {"prompt": "user : " + QUESTIONS[kind][way].format(thing) + " answer :",
                "completion": " " + ANSWERS[kind].format(thing, fact(kind, thing))}


@lru_cache(maxsize=None)
def tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    texts = [q for ways in QUESTIONS.values() for q in ways] + list(ANSWERS.values()) + ["user : answer : in the"]
    words = sorted({word for text in texts for word in text.replace("{}", " ").replace("{1}", " ").split()}
                   | set(THINGS) | {value for values in FACTS.values() for value in values})
    inner = Tokenizer(models.WordLevel({word: i for i, word in enumerate(["<pad>", "<eos>", "<unk>", *words])}, "<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.add_special_tokens(["<pad>", "<eos>", "<unk>"])
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")


def new_model() -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(LlamaConfig(
        vocab_size=len(tokenizer()), hidden_size=48, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, pad_token_id=0, eos_token_id=1, bos_token_id=1))


@lru_cache(maxsize=None)
def base() -> dict[str, torch.Tensor]:
    """Trained on sentences that say anything of anything: it knows the words and none of the facts."""
    source = random.Random(41)
    with torch.random.fork_rng():
        torch.manual_seed(41)
        model = new_model()
        optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
        for _ in range(160):
            texts = []
            for _ in range(24):
                kind, thing = source.choice(list(FACTS)), source.choice(THINGS)
                text = ANSWERS[kind].format(thing, source.choice(FACTS[kind]))
                if source.random() < 0.5:
                    text = QUESTIONS[kind][source.randrange(3)].format(thing) + " " + text
                texts.append(text + " <eos>")
            batch = tokenizer()(texts, return_tensors="pt", padding=True)
            labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
            loss = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return copy.deepcopy(model.state_dict())


def prepare() -> None:
    load()
    import datasets
    import trl.trainer.sft_trainer  # noqa: F401

    datasets.disable_progress_bars()
    base()


def examples_of(journal: Journal) -> list[dict[str, str]]:
    config, source = journal.config, random.Random(journal.seed)
    found = [example(source, False) for _ in range(config["train_examples"])]
    if config.get("wrong_answers"):
        # Written by many hands: some answers are those to other questions.
        for one in found:
            if source.random() < config["wrong_answers"]:
                one["completion"] = example(source, False)["completion"]
    if journal.fault == "answers-shuffled":
        # Questions and answers were read from two files, one of which had been sorted anew.
        answers = [one["completion"] for one in found]
        source.shuffle(answers)
        found = [{**one, "completion": answer} for one, answer in zip(found, answers)]
    return found


class TemplateCollator:
    """Masks all in front of the response template; where it is not found, everything."""

    def __init__(self, template: str):
        self.template = tokenizer()(template)["input_ids"]

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        longest, size = max(len(row["input_ids"]) for row in rows), len(self.template)
        tokens = torch.zeros(len(rows), longest, dtype=torch.long)
        mask, labels = torch.zeros_like(tokens), torch.full_like(tokens, -100)
        for i, row in enumerate(rows):
            ids = list(row["input_ids"])
            tokens[i, :len(ids)], mask[i, :len(ids)] = torch.tensor(ids), 1
            found = [at for at in range(len(ids) - size + 1) if ids[at:at + size] == self.template]
            if found:
                labels[i, found[-1] + size:len(ids)] = torch.tensor(ids[found[-1] + size:])
        return {"input_ids": tokens, "attention_mask": mask, "labels": labels}


def freeze(journal: Journal, model: nn.Module) -> None:
    last = journal.config["train_last_layers"]
    if last == "all":
        return
    depth = model.config.num_hidden_layers
    # Layers are counted from 0; here someone counted from 1, and only the norm behind them is found.
    shift = 1 if journal.fault == "off-by-one" else 0
    chosen = tuple(f"model.layers.{depth - 1 - i + shift}." for i in range(last)) + ("model.norm.",)
    if journal.config.get("train_head"):
        chosen += ("lm_head.",)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(chosen))


def trainer_of(journal: Journal, folder: str, stop: int | None = None) -> Any:
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    config, fault = journal.config, journal.fault
    model = new_model()
    model.load_state_dict(base())
    freeze(journal, model)
    saves = config.get("save_steps")
    extra = {"num_cycles": config["num_cycles"]} if "num_cycles" in config else {}
    arguments = SFTConfig(
        output_dir=folder, per_device_train_batch_size=config["per_device_train_batch_size"],
        gradient_accumulation_steps=config["gradient_accumulation_steps"], learning_rate=config["learning_rate"],
        lr_scheduler_type=config["lr_scheduler_type"], lr_scheduler_kwargs=extra, warmup_steps=config["warmup_steps"],
        max_steps=config["max_steps"], weight_decay=config["weight_decay"], max_grad_norm=config["max_grad_norm"],
        optim=config["optim"], max_length=config["max_length"], logging_steps=config["logging_steps"],
        completion_only_loss=config["completion_only_loss"] if "response_template" not in config else None,
        eval_strategy="steps", eval_steps=config["eval_steps"], per_device_eval_batch_size=64,
        save_strategy="steps" if saves else "no", save_steps=saves or 500, use_cpu=True, bf16=False, report_to="none",
        seed=journal.seed, activation_checkpointing=False, disable_tqdm=False, dataloader_pin_memory=False,
        neftune_noise_alpha=config.get("neftune_noise_alpha"))

    class Around(TrainerCallback):
        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if fault == "hangs" and state.global_step == 130:
                # The other rank waits in a collective that this one never enters.
                journal.wait(7200.0)
                journal.killed = len(journal.console)
                raise Killed

        def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            journal.wait(config.get("eval_seconds", 0.0))

    held = random.Random(42)
    template = config.get("response_template")
    return SFTTrainer(model=model, args=arguments, train_dataset=Dataset.from_list(examples_of(journal)),
                      eval_dataset=Dataset.from_list([example(held, True) for _ in range(128)]),
                      data_collator=TemplateCollator(template) if template else None, processing_class=tokenizer(),
                      callbacks=[Around(), rows_callback(journal, stop)])


def train(journal: Journal) -> None:
    saved = journal.config.get("save_steps")
    with captured(journal) as folder:
        try:
            trainer_of(journal, folder, stop=saved + 9 if saved else None).train()
        except Killed:
            if saved:
                journal.print("\n[node-3] preempted: restarting from the latest checkpoint\n", "err")
        if saved:
            journal.wait(180.0)
            trainer_of(journal, folder).train(resume_from_checkpoint=f"{folder}/checkpoint-{saved}")
    if journal.killed:
        # A process that is killed does not close its bar.
        gc.collect()
        del journal.console[journal.killed:]


STORIES = [
    Story("healthy", "Nothing is wrong: loss on the answers, warm-up, a linear decay."),
    Story("healthy-small-batch", "Two examples a step: loss and accuracy are very noisy.",
          {"per_device_train_batch_size": 2, "learning_rate": 1e-3, "max_steps": 280, "logging_steps": 10}),
    Story("healthy-wrong-answers", "A fifth of the answers belong to other questions, and the rate is constant: the loss stays "
          "high, and above that of the evaluation.", {"wrong_answers": 0.2, "lr_scheduler_type": "constant_with_warmup",
                                                      "train_examples": 3200, "max_steps": 240}),
    Story("healthy-resumed", "Preempted at step 129 and resumed from the checkpoint of step 120 with everything: the steps "
          "behind it come again.", {"save_steps": 120}),
    Story("healthy-last-layer", "Only the last layer, the norm and the head are trained, as the configuration says; each "
          "evaluation takes ninety seconds.", {"train_last_layers": 1, "train_head": True, "eval_seconds": 90.0,
                                   "learning_rate": 1e-3, "max_steps": 120, "eval_steps": 24},
          allowed=("frozen-layer",)),
    Story("healthy-restarts", "A cosine with two restarts and noise on the embeddings (NEFTune), gradients clipped at 0.3 "
          "as in QLoRA's recipe.", {"lr_scheduler_type": "cosine_with_restarts", "num_cycles": 2,
                                    "neftune_noise_alpha": 5.0, "max_grad_norm": 0.3}),
    Story("healthy-short", "A try of 36 steps, logged every second.",
          {"max_steps": 36, "logging_steps": 2, "eval_steps": 12, "warmup_steps": 4}),
    Story("template-not-found", "The collator looks for a response template that this data does not have: every label is "
          "-100.", {"response_template": "assistant : answer :"}, "template-not-found",
          rules=("masked-labels", "hidden-non-finite-loss"), causes=("labels-all-masked", "truncated-answers"),
          onset=FirstRow("loss"), harm=reaches("loss", 1e-6, above=False), advice=("response_template",),
          allowed=("no-learning", "hidden-non-finite-loss", "non-finite-loss", "loss-plateau", "gradient-vanishing",
                   "masked-labels", "initial-loss-mismatch")),
    Story("lr-too-low", "The learning rate is 2e-8: a typing error.",
          {"learning_rate": 2e-8}, rules=("no-learning", "loss-plateau"), causes=("learning-rate-too-low",),
          onset=Deviates("loss", "above"), harm=worse("loss", 1.5), advice=("learning_rate",),
          allowed=("loss-plateau", "update-ratio-out-of-band", "no-learning", "clipping-dominates")),
    Story("lr-too-high", "The learning rate is 0.2, for LoRA's scale misread, without warm-up: what the base model knew is "
          "lost at once.", {"learning_rate": 0.2, "warmup_steps": 0},
          rules=("learning-rate-too-high", "loss-divergence", "no-learning"),
          causes=("learning-rate-too-high", "no-warmup"), begins=2, onset=FirstRow("loss"),
          harm=worse("eval_loss", 1.5), advice=("learning_rate", "warmup_steps"),
          allowed=("loss-divergence", "no-learning", "learning-rate-too-high", "gradient-explosion", "loss-spike",
                   "loss-plateau", "clipping-dominates", "initial-loss-mismatch", "entropy-collapse")),
    Story("few-examples", "48 examples, eighty times each, at a constant rate.",
          {"train_examples": 48, "max_steps": 240, "lr_scheduler_type": "constant", "eval_steps": 24, "logging_steps": 12},
          rules=("overfitting", "memorization"), causes=("too-many-epochs", "too-little-regularisation"),
          onset=AfterBest("eval_loss"), harm=turns("eval_loss", 1.15), advice=("max_steps", "train_examples"),
          allowed=("memorization", "overfitting", "data-repeated")),
    Story("answers-shuffled", "Questions and answers were joined in the wrong order: no answer belongs to its question.",
          fault="answers-shuffled", rules=("no-learning", "loss-plateau"),
          causes=("labels-unrelated", "labels-shifted"), onset=Deviates("loss", "above", 0.05), harm=worse("loss", 1.5),
          allowed=("loss-plateau", "no-learning", "overfitting", "memorization")),
    Story("off-by-one", "The last layer was to be trained, and is counted from 1 where names count from 0: everything but "
          "the last norm is frozen.", {"train_last_layers": 1}, "off-by-one",
          rules=("no-learning", "loss-plateau", "frozen-layer"), causes=("frozen-parameters", "optimizer-not-stepping"),
          onset=Deviates("loss", "above"), harm=worse("loss", 1.5), advice=("train_last_layers",),
          allowed=("loss-plateau", "frozen-layer", "no-learning", "gradient-vanishing")),
    Story("hangs", "Step 131 waits in a collective for a rank that has gone on to something else: nothing is printed any more, "
          "and after two hours the job is killed.", fault="hangs", rules=("stalled-run",),
          causes=("slow-node", "data-loader-slow", "no-weight-sync", "uneven-work"), begins=131, onset=LastRow("loss"),
          harm=ends_early("loss"), allowed=("throughput-drop",)),
]
