"""SageMaker Debugger's built-in rules with their documented defaults, written anew from the documentation.

The rules themselves were never published; names and defaults are from
https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-rules.html. They look at tensors saved every 500 steps by
default; runs this short would give them nothing, so every logged row counts as saved here. Where the documentation leaves
open how two percentages combine, the quieter reading is taken.
"""

import math

NO_CAUSES = []


def _alarm(rules, step, layer=None):
    return {"rules": rules, "step": step, "layer": layer, "causes": NO_CAUSES}


def _first(series, test):
    for step, value in zip(series["step"], series["value"]):
        if test(value):
            return step
    return None


def loss_not_decreasing(loss, num_steps=10, increase_threshold_percent=5.0):
    """Reading B: alarm when the loss rose by more than 5 % over `num_steps` saved losses."""
    values = loss["value"]
    for i in range(num_steps, len(values)):
        before, now = values[i - num_steps], values[i]
        if math.isfinite(before) and now > before * (1 + increase_threshold_percent / 100) and before > 0:
            return [_alarm(["loss-divergence", "no-learning", "loss-spike", "learning-rate-too-high"], loss["step"][i])]
    return []


def overfit(loss, evals, ratio_threshold=0.1, patience=1):
    late = 0
    for step, value in zip(evals["step"], evals["value"]):
        train = [v for s, v in zip(loss["step"], loss["value"]) if s <= step][-5:]
        if not train or sum(train) <= 0:
            continue
        mean = sum(train) / len(train)
        late = late + 1 if (value - mean) / mean > ratio_threshold else 0
        if late >= patience:
            return [_alarm(["overfitting", "memorization"], step)]
    return []


def overtraining(loss, evals, patience_train=5, patience_validation=10, delta=0.01):
    found = []
    for series, patience in ((loss, patience_train), (evals, patience_validation)):
        if series is None:
            continue
        best, since = math.inf, 0
        for step, value in zip(series["step"], series["value"]):
            if value < best - delta:
                best, since = value, 0
            else:
                since += 1
            if since > patience:
                found.append(_alarm(["loss-plateau", "overfitting", "no-learning"], step))
                break
    return found[:1]


def exploding_tensor(all_series):
    for series in all_series:
        step = _first(series, lambda v: not math.isfinite(v))
        if step is not None:
            return [_alarm(["non-finite-loss", "hidden-non-finite-loss", "non-finite-layer", "gradient-explosion"], step, series["labels"].get("layer"))]
    for series in all_series:
        if series["name"] == "layer/non_finite":
            step = _first(series, lambda v: v > 0)
            if step is not None:
                return [_alarm(["non-finite-loss", "non-finite-layer"], step, series["labels"].get("layer"))]
    return []


def by_layer(all_series, name, test, rules, patience=1):
    """The first layer on which `test` holds `patience` times in a row."""
    for series in all_series:
        if series["name"] != name:
            continue
        streak = 0
        for step, value in zip(series["step"], series["value"]):
            streak = streak + 1 if test(value) else 0
            if streak >= patience:
                return [_alarm(rules, step, series["labels"].get("layer"))]
    return []


def stalled(loss, threshold_seconds=1800):
    times = [t for t in loss["time"] if math.isfinite(t)]
    for i in range(1, len(times)):
        if times[i] - times[i - 1] > threshold_seconds * 1000:
            return [_alarm(["stalled-run"], loss["step"][i])]
    return []


def poor_initialisation(all_series, threshold=10.0):
    """Ratio of the variances of activations across layers at the first saved step."""
    first = [s["value"][0] ** 2 for s in all_series if s["name"] == "layer/activation_std" and s["value"] and s["value"][0] > 0]
    if len(first) > 1 and max(first) / min(first) > threshold:
        return [_alarm(["initial-loss-mismatch", "gradient-vanishing", "gradient-explosion", "saturated-activations"], 0)]
    return []


def detect(run):
    series, loss, evals = run["series"], run["loss"], run["evals"]
    alarms = []
    if loss is not None:
        alarms += loss_not_decreasing(loss) + overtraining(loss, evals) + stalled(loss)
        if evals is not None:
            alarms += overfit(loss, evals)
    alarms += exploding_tensor(series)
    # VanishingGradient is on the mean of |g|; for zero-mean gradients that is 0.8 of their rms.
    alarms += by_layer(series, "layer/grad_rms", lambda v: 0.8 * v < 1e-7, ["gradient-vanishing", "frozen-layer", "no-learning"])
    alarms += by_layer(series, "layer/dead_share", lambda v: v > 0.5, ["dead-units"])
    alarms += by_layer(series, "layer/saturated_share", lambda v: v > 0.5, ["saturated-activations"])
    alarms += by_layer(series, "layer/update_ratio", lambda v: v > 10 or v < 1e-8, ["update-ratio-out-of-band", "frozen-layer"])
    alarms += by_layer(series, "layer/update_ratio", lambda v: v == 0, ["frozen-layer", "no-learning"], patience=3)
    return alarms + poor_initialisation(series)
