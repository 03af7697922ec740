"""Prefers one ending of a sentence to another with TRL's DPOTrainer."""

import copy
import json
import os

from datasets import Dataset
from text import sentences
from tiny import byte_tokenizer, llama
from trl import DPOConfig, DPOTrainer


def main():
    tokenizer = byte_tokenizer()
    texts = sentences(160)
    preferences = Dataset.from_dict(
        {
            "prompt": [text.rsplit(" ", 2)[0] for text in texts],
            "chosen": [" " + " ".join(text.rsplit(" ", 2)[1:]) for text in texts],
            "rejected": [" nothing at all." for _ in texts],
        }
    )
    model = llama(len(tokenizer), pad_token_id=0, bos_token_id=1, eos_token_id=2)
    trainer = DPOTrainer(
        model=model,
        ref_model=copy.deepcopy(model),
        args=DPOConfig(
            output_dir="dpo",
            max_steps=30,
            logging_steps=2,
            per_device_train_batch_size=4,
            learning_rate=5e-4,
            max_length=96,
            save_strategy="no",
            bf16=False,
            use_cpu=True,
            report_to="none",
        ),
        train_dataset=preferences,
        processing_class=tokenizer,
    )
    trainer.train()
    with open(os.environ["HISTORY"], "w") as file:
        json.dump({"step": trainer.state.global_step, "history": trainer.state.log_history}, file)


main()
