"""Trains a tiny Llama on bytes with the Hugging Face Trainer."""

import json
import os

import torch
from text import sentences
from tiny import llama
from transformers import HfArgumentParser, Trainer, TrainingArguments, default_data_collator, set_seed

LENGTH = 64


class Bytes(torch.utils.data.Dataset):
    def __init__(self, count, seed):
        text = " ".join(sentences(count * 4, seed)).encode()
        self.blocks = [list(text[i * LENGTH : (i + 1) * LENGTH]) for i in range(count)]

    def __len__(self):
        return len(self.blocks)

    def __getitem__(self, index):
        ids = torch.tensor(self.blocks[index])
        labels = torch.full_like(ids, -100) if os.environ.get("FAULT") == "labels" else ids.clone()
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}


class WeightedTrainer(Trainer):
    """Weighs each loss; from step 31 on there is nothing to weigh with."""

    def compute_loss(self, model, inputs, *args, **kwargs):
        result = super().compute_loss(model, inputs, *args, **kwargs)
        if not model.training:
            return result
        weight = torch.tensor(0.0 if self.state.global_step >= 30 else 1.0)
        return result * (weight / weight)


def main():
    (arguments,) = HfArgumentParser(TrainingArguments).parse_args_into_dataclasses()
    set_seed(arguments.seed)
    kind = WeightedTrainer if os.environ.get("FAULT") == "nan" else Trainer
    trainer = kind(
        model=llama(),
        args=arguments,
        train_dataset=Bytes(400, seed=1),
        eval_dataset=Bytes(32, seed=2),
        data_collator=default_data_collator,
    )
    trainer.train()
    with open(os.environ["HISTORY"], "w") as file:
        json.dump({"step": trainer.state.global_step, "history": trainer.state.log_history}, file)


main()
