"""Options of train.py, under the names Hugging Face's TrainingArguments gives them."""

import argparse

from faults import FAULTS

SCHEDULES = ["linear", "cosine", "constant", "constant_with_warmup"]


def flag(text):
    if text.lower() in ("true", "1", "yes"):
        return True
    if text.lower() in ("false", "0", "no"):
        return False
    raise argparse.ArgumentTypeError("expected true or false, not %r" % text)


def build_parser():
    parser = argparse.ArgumentParser(
        description="Trains a small English to German translator on sentences written by a grammar.",
        epilog="example: python train.py --learning_rate 1e-3 --output_dir out/translate")
    add = parser.add_argument
    add("--output_dir", default="out/translate", help="checkpoints, trainer_state.json and predictions go here")
    add("--resume_from_checkpoint", default=None, help="a checkpoint-N folder to go on from")
    add("--seed", type=int, default=1, help="weights, dropout and order of the data")
    add("--data_seed", type=int, default=0, help="sentences of the corpus")
    add("--train_examples", type=int, default=12800)
    add("--eval_examples", type=int, default=200)
    add("--learning_rate", type=float, default=2e-3)
    add("--lr_scheduler_type", choices=SCHEDULES, default="linear")
    add("--warmup_steps", type=int, default=100)
    add("--weight_decay", type=float, default=0.01)
    add("--adam_beta1", type=float, default=0.9)
    add("--adam_beta2", type=float, default=0.999)
    add("--max_grad_norm", type=float, default=1.0, help="0 turns clipping off")
    add("--per_device_train_batch_size", type=int, default=32)
    add("--per_device_eval_batch_size", type=int, default=50)
    add("--gradient_accumulation_steps", type=int, default=1)
    add("--num_train_epochs", type=float, default=2.5)
    add("--max_steps", type=int, default=-1, help="ends training there, whatever num_train_epochs says")
    add("--logging_steps", type=int, default=10)
    add("--logging_first_step", type=flag, default=True)
    add("--logging_nan_inf_filter", type=flag, default=True,
        help="replace a NaN loss by the mean so far in what is logged (true is Hugging Face's default)")
    add("--eval_steps", type=int, default=150)
    add("--save_steps", type=int, default=400)
    add("--label_smoothing_factor", type=float, default=0.0)
    add("--dropout", type=float, default=0.1)
    add("--d_model", type=int, default=128)
    add("--num_layers", type=int, default=2)
    add("--fault", choices=sorted(FAULTS), default=None, help="a real fault to put into this run")
    add("--fault_step", type=int, default=None, help="the step at which it begins, where it has one")
    add("--fault_seconds", type=float, default=600.0, help="how long the loader hangs with --fault stall")
    return parser


def read_options(argv=None):
    """Options given by hand win over the fault's own, which win over the defaults."""
    parser = build_parser()
    chosen = parser.parse_args(argv)
    if chosen.fault:
        parser.set_defaults(**FAULTS[chosen.fault].options)
        chosen = parser.parse_args(argv)
    return chosen
