"""The training loop: the arithmetic and the log of Hugging Face Trainer v5, without the library."""

import json
import math
import os
import random
import signal
import time

import torch
from torch import nn
from torch.nn import functional

from console import Bar, info, printed
from corpus import END, PAD, START

IGNORED = -100


def pad(rows, value):
    longest = max(len(row) for row in rows)
    return torch.tensor([row + [value] * (longest - len(row)) for row in rows])


def collate(pairs):
    """Encoded (source, target) pairs as one batch; padding carries no loss."""
    source = pad([source for source, _ in pairs], PAD)
    target = pad([[START] + target for _, target in pairs], PAD)
    labels = target[:, 1:].masked_fill(target[:, 1:] == PAD, IGNORED)
    return {"source": source, "source_mask": source != PAD, "target": target[:, :-1], "labels": labels}


def schedule(arguments, total):
    """The factor on the learning rate after `step` updates, as transformers.get_scheduler."""
    warmup, kind = arguments.warmup_steps, arguments.lr_scheduler_type

    def factor(step):
        if kind != "constant" and step < warmup:
            return step / max(1, warmup)
        progress = (step - warmup) / max(1, total - warmup)
        if kind == "linear":
            return max(0.0, 1.0 - progress)
        if kind == "cosine":
            return max(0.0, 0.5 * (1.0 + math.cos(math.pi * progress)))
        return 1.0

    return factor


class Trainer:
    def __init__(self, arguments, model, vocabulary, train, held_out, fault):
        self.arguments, self.model, self.vocabulary, self.fault = arguments, model, vocabulary, fault
        self.held_out = held_out
        self.train_pairs = [(vocabulary.encode(en), vocabulary.encode(de)) for en, de, _ in train]
        self.eval_pairs = [(vocabulary.encode(en), vocabulary.encode(de)) for en, de, _ in held_out]
        fault.model(model)
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=arguments.learning_rate, weight_decay=arguments.weight_decay,
            betas=(arguments.adam_beta1, arguments.adam_beta2))
        per_step = arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps
        self.batch_size = per_step
        self.steps_per_epoch = max(1, math.ceil(len(train) / per_step))
        self.max_steps = arguments.max_steps if arguments.max_steps > 0 else math.ceil(
            arguments.num_train_epochs * self.steps_per_epoch)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, schedule(arguments, self.max_steps))
        self.state = {
            "best_global_step": None, "best_metric": None, "best_model_checkpoint": None, "epoch": 0.0,
            "eval_steps": arguments.eval_steps, "global_step": 0, "is_hyper_param_search": False,
            "is_local_process_zero": True, "is_world_process_zero": True, "log_history": [],
            "logging_steps": arguments.logging_steps, "max_steps": self.max_steps,
            "num_input_tokens_seen": 0, "num_train_epochs": math.ceil(self.max_steps / self.steps_per_epoch),
            "save_steps": arguments.save_steps, "stateful_callbacks": {}, "total_flos": 0.0,
            "train_batch_size": arguments.per_device_train_batch_size, "trial_name": None, "trial_params": None,
        }
        self.bar = None
        self.logged_loss = self.total_loss = 0.0
        self.logged_step = 0
        self.translations = []

    # ---- the data

    def order(self, epoch):
        order = list(range(len(self.train_pairs)))
        random.Random("%d/%d" % (self.arguments.seed, epoch)).shuffle(order)
        return order

    def micro_batches(self, step):
        """The batches of optimizer step `step`, a function of the seed and the step alone, so that
        a resumed run sees what the unbroken one would have seen."""
        epoch, place = divmod(step - 1, self.steps_per_epoch)
        indices = self.order_of(epoch)[place * self.batch_size:(place + 1) * self.batch_size]
        size = self.arguments.per_device_train_batch_size
        for start in range(0, len(indices), size):
            batch = collate([self.train_pairs[index] for index in indices[start:start + size]])
            yield self.fault.batch(batch, step)

    def order_of(self, epoch):
        if getattr(self, "shuffled_epoch", None) != epoch:
            self.shuffled_epoch, self.shuffled = epoch, self.order(epoch)
        return self.shuffled

    # ---- one step

    def loss(self, batch, items=None):
        """Cross entropy: a mean over the labels of this batch, or their sum over `items`."""
        logits = self.model(batch["source"], batch["source_mask"], batch["target"])
        smoothing = self.arguments.label_smoothing_factor if self.model.training else 0.0
        loss = functional.cross_entropy(
            logits.flatten(0, 1), batch["labels"].flatten(), ignore_index=IGNORED,
            label_smoothing=smoothing, reduction="mean" if items is None else "sum")
        return loss if items is None else loss / items, logits

    def step(self, step):
        """One optimizer step; returns (gradient norm, learning rate used)."""
        self.model.train()
        batches = list(self.micro_batches(step))
        # Tokens are counted over all micro-batches, so that accumulation equals one large batch.
        items = sum((batch["labels"] != IGNORED).sum() for batch in batches)
        for batch in batches:
            # The old fault: each micro-batch brings its own mean and nobody divides their sum.
            own_mean = self.arguments.fault == "accumulation-scaling"
            loss, _ = self.loss(batch, None if own_mean else items)
            loss.backward()
            value = loss.item()
            if self.arguments.logging_nan_inf_filter and not math.isfinite(value):
                value = self.logged_loss / (1 + self.state["global_step"] - self.logged_step)
            self.logged_loss += value
            tokens = int(batch["source_mask"].sum()) + int((batch["target"] != PAD).sum())
            self.state["num_input_tokens_seen"] += tokens
            self.state["total_flos"] += 6.0 * tokens * sum(p.numel() for p in self.model.parameters())
        limit = self.arguments.max_grad_norm if self.arguments.max_grad_norm > 0 else math.inf
        norm = float(nn.utils.clip_grad_norm_(self.parameters, limit))
        rate = self.scheduler.get_last_lr()[0]
        self.optimizer.step()
        self.scheduler.step()
        self.optimizer.zero_grad()
        return norm, rate

    # ---- evaluation

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        size, started = self.arguments.per_device_eval_batch_size, time.monotonic()
        info("\n***** Running Evaluation *****\n  Num examples = %d\n  Batch size = %d" % (len(self.eval_pairs), size))
        starts = range(0, len(self.eval_pairs), size)
        bar = Bar(len(starts), position=1)
        total, right, tokens, self.translations = 0.0, 0, 0, []
        for count, start in enumerate(starts):
            pairs = self.eval_pairs[start:start + size]
            # The collator is the training one: what it masks there it masks here.
            batch = collate(pairs)
            if self.arguments.fault == "masked-labels":
                batch = self.fault.batch(batch, self.state["global_step"])
            loss, logits = self.loss(batch)
            total += loss.item() * len(pairs)
            counted = batch["labels"] != IGNORED
            right += int(((logits.argmax(dim=-1) == batch["labels"]) & counted).sum())
            tokens += int(counted.sum())
            rows = self.model.translate(batch["source"], batch["source_mask"], START, END)
            self.translations.extend(self.vocabulary.decode(row) for row in rows)
            bar.update(count + 1)
        bar.close()
        seconds = time.monotonic() - started
        exact = sum(ours == german for ours, (_, german, _) in zip(self.translations, self.held_out))
        return {
            "eval_loss": total / len(self.eval_pairs), "eval_accuracy": right / tokens if tokens else 0.0,
            "eval_exact_match": exact / len(self.eval_pairs), "eval_runtime": round(seconds, 4),
            "eval_samples_per_second": round(len(self.eval_pairs) / seconds, 3),
            "eval_steps_per_second": round(len(starts) / seconds, 3),
        }

    # ---- the log and the checkpoints

    def log(self, logs):
        logs = dict(logs, epoch=self.state["epoch"])
        self.state["log_history"].append(dict(logs, step=self.state["global_step"]))
        self.bar.write(printed(logs))

    def log_step(self, norm, rate):
        step = self.state["global_step"]
        since = step - self.logged_step
        self.log({"loss": self.logged_loss / since, "grad_norm": norm, "learning_rate": rate})
        self.total_loss += self.logged_loss
        self.logged_loss, self.logged_step = 0.0, step

    def save_state(self, folder):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "trainer_state.json"), "w", encoding="utf-8") as file:
            file.write(json.dumps(self.state, indent=2, sort_keys=True) + "\n")

    def save_checkpoint(self):
        folder = os.path.join(self.arguments.output_dir, "checkpoint-%d" % self.state["global_step"])
        info("Saving model checkpoint to %s" % folder)
        self.save_state(folder)
        torch.save(self.model.state_dict(), os.path.join(folder, "pytorch_model.bin"))
        torch.save(self.optimizer.state_dict(), os.path.join(folder, "optimizer.pt"))
        torch.save(self.scheduler.state_dict(), os.path.join(folder, "scheduler.pt"))
        torch.save(torch.get_rng_state(), os.path.join(folder, "rng_state.pth"))

    def resume(self, folder):
        def load(name):
            return torch.load(os.path.join(folder, name), weights_only=True)

        with open(os.path.join(folder, "trainer_state.json"), encoding="utf-8") as file:
            saved = json.load(file)
        for key in ("best_global_step", "best_metric", "best_model_checkpoint", "epoch", "global_step",
                    "log_history", "num_input_tokens_seen", "total_flos"):
            self.state[key] = saved[key]
        self.model.load_state_dict(load("pytorch_model.bin"))
        # The fault is to forget these: moments and schedule then begin again.
        if self.arguments.fault != "resume":
            self.optimizer.load_state_dict(load("optimizer.pt"))
            self.scheduler.load_state_dict(load("scheduler.pt"))
            torch.set_rng_state(load("rng_state.pth"))
        self.logged_step = self.state["global_step"]

    def evaluate_and_log(self):
        metrics = self.evaluate()
        self.log(metrics)
        best = self.state["best_metric"]
        if best is None or metrics["eval_loss"] < best:
            self.state["best_metric"], self.state["best_global_step"] = metrics["eval_loss"], self.state["global_step"]

    def announce(self):
        arguments, trainable = self.arguments, sum(parameter.numel() for parameter in self.parameters)
        info("***** Running training *****")
        info("  Num examples = {:,}".format(len(self.train_pairs)))
        info("  Num Epochs = {:,}".format(self.state["num_train_epochs"]))
        info("  Instantaneous batch size per device = {:,}".format(arguments.per_device_train_batch_size))
        info("  Total train batch size (w. parallel, distributed & accumulation) = {:,}".format(self.batch_size))
        info("  Gradient Accumulation steps = {:,}".format(arguments.gradient_accumulation_steps))
        info("  Total optimization steps = {:,}".format(self.max_steps))
        info("  Number of trainable parameters = {:,}".format(trainable))
        first = self.state["global_step"]
        if first:
            epochs, place = divmod(first, self.steps_per_epoch)
            info("  Continuing training from checkpoint, will skip to saved global_step")
            info("  Continuing training from epoch %d" % epochs)
            info("  Continuing training from global step %d" % first)
            info("  Will skip the first %d epochs then the first %d batches in the first epoch." % (epochs, place))

    def train(self):
        arguments, started = self.arguments, time.monotonic()
        self.announce()
        first, state = self.state["global_step"], self.state
        self.bar = Bar(self.max_steps)
        for step in range(first + 1, self.max_steps + 1):
            norm, rate = self.step(step)
            state["global_step"], state["epoch"] = step, step / self.steps_per_epoch
            self.bar.update(step)
            if step % arguments.logging_steps == 0 or (step == 1 and arguments.logging_first_step):
                self.log_step(norm, rate)
            if step % arguments.eval_steps == 0 or step == self.max_steps:
                self.evaluate_and_log()
            if step % arguments.save_steps == 0 or step == self.max_steps:
                self.save_checkpoint()
            if arguments.fault == "resume" and not first and step == self.fault.step:
                # What the out-of-memory killer does: no signal handler, no last checkpoint.
                os.kill(os.getpid(), signal.SIGKILL)
        seconds = time.monotonic() - started
        trained = self.max_steps - first
        info("\n\nTraining completed. Do not forget to share your model on huggingface.co/models =)\n\n")
        self.log({
            "train_runtime": round(seconds, 4), "train_samples_per_second": round(trained * self.batch_size / seconds, 3),
            "train_steps_per_second": round(trained / seconds, 3), "total_flos": state["total_flos"],
            "train_loss": (self.total_loss + self.logged_loss) / max(1, trained)})
        self.bar.close()
        self.save_state(arguments.output_dir)
