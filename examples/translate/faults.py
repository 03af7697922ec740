"""Faults that people really put into training runs, each done to the run itself, never to its log.

A fault changes options (`options`), the model before the optimizer sees it (`model`), the batches
(`batch`) or the loop (read there by name: `accumulation-scaling`, `resume`).
"""

import time

import torch


class Fault:
    """No fault; the others override what they touch."""

    options = {}
    # A hook at a step needs the step; None where the fault is there from the start.
    default_step = None

    def __init__(self, arguments):
        self.arguments = arguments
        self.step = arguments.fault_step
        if self.step is None:
            self.step = self.default_step

    def model(self, model):
        """Called once, before the optimizer is made."""

    def batch(self, batch, step):
        """Called with each training batch of optimizer step `step` (1 is the first)."""
        return batch


SHORT = {"max_steps": 200, "logging_steps": 5, "eval_steps": 50, "save_steps": 100}


class LearningRateTooHigh(Fault):
    """A learning rate 150 times too high, without warm-up and without clipping."""

    options = dict(SHORT, learning_rate=0.3, warmup_steps=0, max_grad_norm=0.0, weight_decay=0.0,
                   lr_scheduler_type="constant")


class EmptySource(Fault):
    """From the fault step on each batch holds one source sentence that is empty after cleaning.

    All keys of its attention are masked, the softmax of only -inf is NaN, and one backward pass
    later so is every weight.
    """

    default_step = 120
    options = dict(SHORT, logging_nan_inf_filter=False)

    def batch(self, batch, step):
        if step >= self.step:
            batch["source_mask"][0] = False
        return batch


class EmptySourceHidden(EmptySource):
    """The same, logged as Hugging Face logs by default: the NaN loss is filtered out of the log."""

    options = dict(SHORT, logging_nan_inf_filter=True)


class MaskedLabels(Fault):
    """A collator that masks the prompt, and takes the answer for the prompt: every label is -100."""

    options = dict(SHORT)

    def batch(self, batch, step):
        batch["labels"][:] = -100
        return batch


class AccumulationScaling(Fault):
    """The loss of each micro-batch is a mean of its own and their sum is never divided."""

    options = dict(SHORT, gradient_accumulation_steps=8, per_device_train_batch_size=4, max_steps=120,
                   eval_steps=40)


class Frozen(Fault):
    """A pattern meant to unfreeze the adapters matches one bias; all the rest stays frozen."""

    options = dict(SHORT)
    pattern = "encoder.0.attention.query.bias"

    def model(self, model):
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(self.pattern in name)


class Overfit(Fault):
    """200 training sentences, seen sixty times, without dropout or weight decay."""

    options = dict(SHORT, train_examples=200, max_steps=300, eval_steps=20, dropout=0.0, weight_decay=0.0,
                   warmup_steps=20, lr_scheduler_type="constant_with_warmup")


class Resume(Fault):
    """Killed late, then resumed from the weights alone: Adam's moments are zero and the schedule,
    which had decayed, begins again at its peak."""

    default_step = 255
    options = dict(SHORT, max_steps=300, eval_steps=75, save_steps=240, learning_rate=4e-3, warmup_steps=0)


class Spike(Fault):
    """Three batches in a row whose targets belong to other sentences and are noise besides."""

    default_step = 151
    length = 3
    options = dict(SHORT, max_steps=250, max_grad_norm=0.0)

    def batch(self, batch, step):
        if self.step <= step < self.step + self.length:
            labels = batch["labels"]
            noise = torch.randint(4, self.arguments.vocab_size, labels.shape)
            batch["labels"] = torch.where(labels == -100, labels, noise)
        return batch


class Stall(Fault):
    """The loader waits for a worker that has died; nothing is printed any more."""

    default_step = 90
    options = dict(SHORT)

    def batch(self, batch, step):
        if step >= self.step:
            time.sleep(self.arguments.fault_seconds)
            raise RuntimeError("DataLoader timed out after %d seconds" % self.arguments.fault_seconds)
        return batch


FAULTS = {
    "lr-too-high": LearningRateTooHigh,
    "nan": EmptySource,
    "hidden-nan": EmptySourceHidden,
    "masked-labels": MaskedLabels,
    "accumulation-scaling": AccumulationScaling,
    "frozen": Frozen,
    "overfit": Overfit,
    "resume": Resume,
    "spike": Spike,
    "stall": Stall,
}


def make_fault(arguments):
    return (FAULTS[arguments.fault] if arguments.fault else Fault)(arguments)
