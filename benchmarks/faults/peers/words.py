"""What other detectors say, in llmdbg's ids. Generous: whatever may be meant counts, the first cause named as the first."""

import re

RULES = {
    # runmedic
    "non_finite": ["non-finite-loss", "hidden-non-finite-loss", "non-finite-layer"],
    "divergence": ["loss-divergence", "learning-rate-too-high", "gradient-explosion"],
    "loss_spikes": ["loss-spike", "learning-rate-too-high"],
    "no_learning": ["no-learning", "loss-plateau", "masked-labels", "frozen-layer", "gradient-vanishing"],
    "overfitting": ["overfitting", "memorization"],
    "val_below_train": ["accumulation-scaling"],
    "grad_spikes": ["gradient-explosion", "loss-spike"],
    "constant_lr_plateau": ["loss-plateau"],
    "input_bound": ["input-bound"],
    "slow_steps": ["throughput-drop", "stalled-run", "straggler-rank"],
    "slowdown": ["throughput-drop"],
    "memory_growth": ["throughput-drop"],
    # training-doctor
    "Gradient instability detected": ["gradient-explosion", "gradient-vanishing", "non-finite-loss"],
    "Possible mixed precision instability": ["loss-scale-collapse", "non-finite-loss"],
    "Learning rate likely too high": ["learning-rate-too-high", "loss-divergence", "loss-spike", "gradient-explosion"],
    "Learning rate may be too low": ["no-learning", "loss-plateau"],
    "Overfitting detected": ["overfitting", "memorization"],
    "Unusual train/eval pattern": ["accumulation-scaling", "memorization"],
    "Training plateau detected": ["loss-plateau", "no-learning"],
    "Early training plateau": ["no-learning", "loss-plateau"],
    # trainpulse
    "nan_detector": ["non-finite-loss", "hidden-non-finite-loss", "non-finite-layer"],
    "loss_spike": ["loss-spike", "loss-divergence"],
    "gradient": ["gradient-explosion", "gradient-vanishing"],
    "learning_rate": ["learning-rate-too-high"],
    "plateau": ["loss-plateau", "no-learning"],
    "step_time": ["throughput-drop", "stalled-run", "input-bound"],
}

CAUSES = [
    (r"too high|reduce learning rate|lower the (peak )?lr|single steps overshoot", "learning-rate-too-high"),
    (r"too low|too conservative|increas\w+ (the )?learning rate|10x higher", "learning-rate-too-low"),
    (r"warmup", "no-warmup"),
    (r"bad batch|outlier batch|corrupted sample|outliers", "bad-batch"),
    (r"requires_grad|frozen|trainable|params are in the optimizer", "frozen-parameters"),
    (r"optimizer\.step|zero_grad", "optimizer-not-stepping"),
    (r"zero_grad", "gradients-not-cleared"),
    (r"learning rate is (0|zero)|lr = 0|decays? to 0", "schedule-decayed-too-early"),
    (r"uniform|labels? (do not|don't|are)|shuffled labels|wrong labels|label", "labels-unrelated"),
    (r"memoriz|too many epochs", "too-many-epochs"),
    (r"regulari[sz]", "too-little-regularisation"),
    (r"leak|duplicat|overlap", "train-eval-leak"),
    (r"fp16|mixed precision|amp\b|loss scale|overflow", "fp16-overflow"),
    (r"log\(0\)|division|log/sqrt|unstable op", "nan-in-code"),
    (r"bad initiali[sz]ation|different initiali[sz]ation", "initialization-too-large"),
    (r"different initiali[sz]ation", "initialization-too-small"),
    (r"clip", "no-gradient-clipping"),
    (r"no normalization|layernorm|batchnorm", "missing-normalisation"),
    (r"attention logits", "qk-norm-missing"),
    (r"dead relu", "dead-relu"),
    (r"saturat", "saturating-activation"),
    (r"very small eps", "adam-epsilon-too-large"),
    (r"unshuffled|data order", "data-order-not-shuffled"),
    (r"dataloader|num_workers|storage|input pipeline", "data-loader-slow"),
    (r"memory growth|kept in python lists|leak", "growing-state"),
    (r"another process|throttl", "neighbour-load"),
    (r"inputs? (are )?not normal|normali[sz]e (the )?inputs?|constant input", "degenerate-input"),
]


def causes(texts):
    """Ids in the order in which the texts name them."""
    found = []
    for text in texts:
        for pattern, cause in CAUSES:
            if re.search(pattern, text, re.IGNORECASE) and cause not in found:
                found.append(cause)
    return found


def alarm(kind, step, texts=(), layer=None):
    rules = RULES.get(kind, [])
    if kind.startswith("log:"):
        rules = {"log:amp_overflow": ["loss-scale-collapse"], "log:nan": ["non-finite-loss"]}.get(kind, ["stalled-run"])
    return {"rules": rules, "step": step, "layer": layer, "causes": causes(texts)}
