"""What a detector should say about a recording, worked out from how the fault was put in.

No detector is consulted: the onset is the first logged step that can show the fault, given the
step at which the code began to do wrong.
"""

from faults import FAULTS
from options import build_parser

LEARNING_RATE = ["learning_rate"]


def fault_step(story, command):
    chosen = build_parser().parse_known_args(command)[0].fault_step
    return chosen if chosen is not None else FAULTS[story].default_step


def first_log(step, config):
    """The first step at or after `step` that is logged."""
    if step <= 1 and config["logging_first_step"]:
        return 1
    every = config["logging_steps"]
    return -(-step // every) * every


def healthy(config):
    return {"healthy": True, "findings": [], "allowed": [],
            "truth": "Nothing is wrong with this run; it trains to its end at learning rate %g." % config["learning_rate"]}


def expect(story, config, command, state, printed):
    if story not in FAULTS:
        return healthy(config)
    build = {
        "lr-too-high": lr_too_high, "nan": nan, "hidden-nan": hidden_nan, "masked-labels": masked_labels,
        "accumulation-scaling": accumulation_scaling, "frozen": frozen, "overfit": overfit,
        "resume": resume, "spike": spike, "stall": stall,
    }[story]
    return build(config, fault_step(story, command), state, printed)


def finding(config, rule, step, advice, allowed, truth, every=None):
    tolerance = 2 * (every or config["logging_steps"])
    return {"healthy": False,
            "findings": [{"rule": rule, "onset": {"step": step, "tolerance": tolerance}, "advice": advice}],
            "allowed": allowed, "truth": truth}


def lr_too_high(config, _step, _state, _printed):
    # Step 1 is measured before the first update, so the first log that can show it is the next one.
    return finding(config, "loss-divergence", first_log(2, config), LEARNING_RATE,
                   ["gradient-explosion", "loss-spike", "no-learning", "learning-rate-too-high"],
                   "The learning rate is %g, 150 times too high, without warm-up or clipping, from step 1."
                   % config["learning_rate"])


def nan(config, step, _state, _printed):
    return finding(config, "non-finite-loss", first_log(step, config), [], [],
                   "From step %d on each batch holds an empty source sentence; its attention is NaN, and so are "
                   "the loss and after one update every weight." % step)


def hidden_nan(config, step, _state, _printed):
    return finding(config, "hidden-non-finite-loss", first_log(step, config), ["logging_nan_inf_filter"],
                   ["non-finite-loss"],
                   "From step %d on the loss is NaN (an empty source sentence in each batch); logging_nan_inf_filter "
                   "prints it as 0, while grad_norm and eval_loss say nan." % step)


def masked_labels(config, _step, _state, _printed):
    return finding(config, "masked-labels", first_log(1, config), [],
                   ["no-learning", "non-finite-loss", "gradient-vanishing"],
                   "Every label is -100 from step 1 on: nothing is trained, the loss is 0 and the evaluation loss NaN.")


def accumulation_scaling(config, _step, _state, _printed):
    return finding(config, "accumulation-scaling", first_log(1, config), [],
                   ["initial-loss-mismatch", "clipping-dominates"],
                   "The mean losses of %d micro-batches are added and not divided, from step 1 on: training loss and "
                   "gradients are %d times too large." % ((config["gradient_accumulation_steps"],) * 2))


def frozen(config, _step, _state, _printed):
    return finding(config, "no-learning", first_log(1, config), [], ["gradient-vanishing"],
                   "All parameters but one bias of the encoder are frozen from step 1 on, so the loss stays where it was.")


def overfit(config, _step, state, _printed):
    # Too little data from step 1 on; it shows once the held-out loss has seen its best.
    losses = [(entry["eval_loss"], entry["step"]) for entry in state["log_history"] if "eval_loss" in entry]
    best = min(losses)[1]
    return finding(config, "overfitting", best + config["eval_steps"], [], ["memorization"],
                   "%d training sentences are repeated until they are known by heart; the evaluation loss is best at "
                   "step %d and rises from then on." % (config["train_examples"], best), config["eval_steps"])


def resume(config, step, _state, printed):
    checkpoint = int(printed.split("Continuing training from global step ")[1].split("\n")[0])
    return finding(config, "resume-discontinuity", first_log(checkpoint + 1, config), [],
                   ["loss-spike"],
                   "Killed at step %d and resumed from the checkpoint of step %d with the weights alone: "
                   "Adam's moments start from zero and the decayed learning rate from its peak." % (step, checkpoint))


def spike(config, step, _state, _printed):
    return finding(config, "loss-spike", first_log(step, config), [], ["gradient-explosion"],
                   "The labels of steps %d to %d are random tokens; the batches after them are sound and the loss "
                   "recovers." % (step, step + FAULTS["spike"].length - 1))


def stall(config, step, _state, _printed):
    last = (step - 1) // config["logging_steps"] * config["logging_steps"]
    return finding(config, "stalled-run", last, [], [],
                   "The loader waits for ever for the batch of step %d; step %d is the last that ends, and the process "
                   "is killed after a long silence." % (step, step - 1))
