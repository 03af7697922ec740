"""Fine-tunes a tiny Llama on sentences with TRL's SFTTrainer."""

import json
import os

from datasets import Dataset
from text import sentences
from tiny import byte_tokenizer, llama
from trl import SFTConfig, SFTTrainer


def main():
    tokenizer = byte_tokenizer()
    trainer = SFTTrainer(
        model=llama(len(tokenizer), pad_token_id=0, bos_token_id=1, eos_token_id=2),
        args=SFTConfig(
            output_dir="sft",
            max_steps=80,
            logging_steps=4,
            per_device_train_batch_size=8,
            learning_rate=2e-3,
            max_length=64,
            save_steps=40,
            bf16=False,
            use_cpu=True,
            report_to="none",
        ),
        train_dataset=Dataset.from_dict({"text": sentences(320)}),
        processing_class=tokenizer,
    )
    trainer.train()
    with open(os.environ["HISTORY"], "w") as file:
        json.dump({"step": trainer.state.global_step, "history": trainer.state.log_history}, file)


main()
