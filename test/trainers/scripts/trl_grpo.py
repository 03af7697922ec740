"""Rewards a tiny Llama for writing the letter e, with TRL's GRPOTrainer."""

import json
import os

from datasets import Dataset
from text import sentences
from tiny import byte_tokenizer, llama
from trl import GRPOConfig, GRPOTrainer


def share_of_e(completions, **_):
    return [text.count("e") / max(1, len(text)) for text in completions]


def main():
    tokenizer = byte_tokenizer()
    trainer = GRPOTrainer(
        model=llama(len(tokenizer), pad_token_id=0, bos_token_id=1, eos_token_id=2),
        reward_funcs=share_of_e,
        args=GRPOConfig(
            output_dir="grpo",
            max_steps=16,
            logging_steps=1,
            per_device_train_batch_size=8,
            num_generations=8,
            max_completion_length=12,
            learning_rate=1e-3,
            save_strategy="no",
            bf16=False,
            use_cpu=True,
            report_to="none",
        ),
        train_dataset=Dataset.from_dict({"prompt": [text.split(".")[0] for text in sentences(64)]}),
        processing_class=tokenizer,
    )
    trainer.train()
    with open(os.environ["HISTORY"], "w") as file:
        json.dump({"step": trainer.state.global_step, "history": trainer.state.log_history}, file)


main()
