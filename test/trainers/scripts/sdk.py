"""Logs its own training to llmdbg, beside what it prints."""

import llmdbg

with llmdbg.init(project="t", config={"learning_rate": 0.01}):
    for step in range(1, 101):
        loss = 3 * 0.97**step
        llmdbg.log({"train/loss": loss, "train/margin": 1 - loss}, step=step)
        if step % 10 == 0:
            print(f"step: {step} loss: {loss:.4f}")
