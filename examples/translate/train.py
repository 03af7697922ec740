"""Trains a small transformer to translate English into German, and can do it wrong on purpose.

    python examples/translate/train.py --seed 1
    python examples/translate/train.py --fault nan
"""

import glob
import json
import os
import subprocess
import sys
import warnings

# numpy is optional for torch; its warning would print a path of this machine into the log.
warnings.filterwarnings("ignore", message="Failed to initialize NumPy")

import torch  # noqa: E402

from corpus import Vocabulary, build_corpus  # noqa: E402
from faults import make_fault  # noqa: E402
from model import Translator  # noqa: E402
from options import read_options  # noqa: E402
from trainer import Trainer  # noqa: E402

# What another run needs to be the same one; the fault is left out, it is what has to be found.
HIDDEN = {"fault", "fault_step", "fault_seconds", "vocab_size"}


def save_options(arguments):
    os.makedirs(arguments.output_dir, exist_ok=True)
    shown = {key: value for key, value in sorted(vars(arguments).items()) if key not in HIDDEN}
    with open(os.path.join(arguments.output_dir, "training_args.json"), "w", encoding="utf-8") as file:
        file.write(json.dumps(shown, indent=2) + "\n")


def save_predictions(arguments, held_out, translations):
    """One line per held-out sentence, the input of `llmdbg evaluate`."""
    with open(os.path.join(arguments.output_dir, "predictions.jsonl"), "w", encoding="utf-8") as file:
        for index, ((english, german, attributes), ours) in enumerate(zip(held_out, translations)):
            file.write(json.dumps({"id": "eval-%d" % index, "input": english, "prediction": ours,
                                   "reference": german, "attributes": attributes}, ensure_ascii=False) + "\n")


def restart_after_kill(arguments):
    """The story of --fault resume needs two processes: the first is killed, the second resumes."""
    command = [sys.executable, *sys.argv]
    marked = dict(os.environ, TRANSLATE_RESUME_CHILD="1")
    first = subprocess.run(command, env=marked, check=False)
    if first.returncode >= 0:
        return first.returncode  # it ended by itself: nothing to resume
    sys.stderr.write("\nKilled\n")
    states = glob.glob(os.path.join(arguments.output_dir, "checkpoint-*", "trainer_state.json"))
    # By time, not by number: an earlier run may have left later checkpoints in the same folder.
    again = ["--resume_from_checkpoint", os.path.dirname(max(states, key=os.path.getmtime))]
    return subprocess.run(command + again, env=marked, check=False).returncode


def main():
    arguments = read_options()
    if arguments.fault == "resume" and not os.environ.get("TRANSLATE_RESUME_CHILD"):
        return restart_after_kill(arguments)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    torch.manual_seed(arguments.seed)
    vocabulary = Vocabulary()
    arguments.vocab_size = len(vocabulary)
    train, held_out = build_corpus(arguments.train_examples, arguments.eval_examples, arguments.data_seed)
    model = Translator(len(vocabulary), width=arguments.d_model, layers=arguments.num_layers,
                       dropout=arguments.dropout)
    save_options(arguments)
    print("vocab_size: %d" % len(vocabulary))
    print("learning_rate: %g" % arguments.learning_rate)
    print("d_model: %d, num_layers: %d, dropout: %g" % (arguments.d_model, arguments.num_layers, arguments.dropout),
          flush=True)
    trainer = Trainer(arguments, model, vocabulary, train, held_out, make_fault(arguments))
    if arguments.resume_from_checkpoint:
        trainer.resume(arguments.resume_from_checkpoint)
    trainer.train()
    save_predictions(arguments, held_out, trainer.translations)
    return 0


if __name__ == "__main__":
    sys.exit(main())
