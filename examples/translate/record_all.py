"""Records every fixture of this example again, two runs at a time (`--jobs`).

    python examples/translate/record_all.py                 all of them
    python examples/translate/record_all.py nan resume      these stories only
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from faults import FAULTS

HERE = "examples/translate"
# Noisy on purpose: eight sentences per step, no help from clipping, and a loss that jitters by a tenth.
SMALL_BATCH = ["--per_device_train_batch_size", "8", "--learning_rate", "1e-3", "--max_grad_norm", "5",
               "--lr_scheduler_type", "cosine", "--max_steps", "1800", "--warmup_steps", "200", "--eval_steps", "300"]

# (story, seed, options of train.py, options of record.py)
PLAN = [("healthy", seed, [], []) for seed in (1, 2, 3)]
PLAN += [("healthy-small-batch", 1, SMALL_BATCH, [])]
PLAN += [(story, seed, ["--fault", story], ["--kill-after-silence", "180"] if story == "stall" else [])
         for story in FAULTS for seed in (1, 2)]


def record(entry):
    story, seed, options, recording = entry
    name = "translate-%s-seed%d" % (story, seed)
    command = ["python", HERE + "/train.py", *options, "--seed", str(seed), "--output_dir", "out/" + name]
    return subprocess.run([sys.executable, HERE + "/record.py", "--story", story, "--seed", str(seed), "--out",
                           "fixtures/" + name, *recording, "--", *command], check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stories", nargs="*", help="all when none is named")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seeds", type=int, nargs="*", help="only these seeds")
    arguments = parser.parse_args()
    # One thread per run: two runs side by side beat one run on two threads that wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    chosen = [entry for entry in PLAN if (not arguments.stories or entry[0] in arguments.stories)
              and (not arguments.seeds or entry[1] in arguments.seeds)]
    if not chosen:
        parser.error("no such story; there are: " + ", ".join(sorted({entry[0] for entry in PLAN})))
    with ThreadPoolExecutor(arguments.jobs) as pool:
        return 1 if any(pool.map(record, chosen)) else 0


if __name__ == "__main__":
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    sys.exit(main())
