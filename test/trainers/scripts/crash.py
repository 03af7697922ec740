"""Ends in the middle, as scripts do."""

import time


def load(batch):
    if batch == 31:
        raise ValueError("batch 31 has no labels")
    return [1.0] * 8


def train():
    for step in range(1, 61):
        try:
            values = load(step)
        except ValueError as error:
            raise RuntimeError(f"cannot train on batch {step}") from error
        print(f"step: {step} loss: {sum(values) / (step + 8):.4f}", flush=True)
        time.sleep(0.01)


train()
