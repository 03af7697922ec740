"""Translates sentences that a trained model has never seen, for `llmdbg evaluate`.

    python examples/translate/translate.py out/translate --examples 1000 --predictions predictions.jsonl

The 200 sentences that training holds out are enough for a score; to say on which kind of sentence the model
fails takes more, since half of them have to confirm what the other half suggests.
"""

import argparse
import glob
import json
import os
import sys
import warnings

# numpy is optional for torch; its warning would print a path of this machine.
warnings.filterwarnings("ignore", message="Failed to initialize NumPy")

import torch  # noqa: E402

from corpus import END, START, Vocabulary, build_corpus  # noqa: E402
from model import Translator  # noqa: E402
from trainer import collate  # noqa: E402


def last_checkpoint(folder):
    found = glob.glob(os.path.join(folder, "checkpoint-*", "pytorch_model.bin"))
    if not found:
        sys.exit("no checkpoint in %s; train first: python examples/translate/train.py --output_dir %s" % (folder, folder))
    return max(found, key=os.path.getmtime)


def main():
    parser = argparse.ArgumentParser(description="Translates new sentences with a trained model.")
    parser.add_argument("output_dir", help="what --output_dir of train.py was")
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--predictions", default="predictions.jsonl", help="file to write")
    options = parser.parse_args()
    with open(os.path.join(options.output_dir, "training_args.json"), encoding="utf-8") as file:
        trained = json.load(file)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    vocabulary = Vocabulary()
    model = Translator(len(vocabulary), width=trained["d_model"], layers=trained["num_layers"])
    model.load_state_dict(torch.load(last_checkpoint(options.output_dir), weights_only=True))
    model.eval()
    # The grammar's next sentences after those of training and evaluation: none of them has been seen.
    seen = trained["train_examples"]
    pairs = build_corpus(seen + options.examples, trained["eval_examples"], trained["data_seed"])[0][seen:]
    with open(options.predictions, "w", encoding="utf-8") as file:
        for start in range(0, len(pairs), 50):
            part = pairs[start:start + 50]
            batch = collate([(vocabulary.encode(english), vocabulary.encode(german)) for english, german, _ in part])
            rows = model.translate(batch["source"], batch["source_mask"], START, END)
            for place, ((english, german, attributes), row) in enumerate(zip(part, rows)):
                file.write(json.dumps({"id": "new-%d" % (start + place), "input": english,
                                       "prediction": vocabulary.decode(row), "reference": german,
                                       "attributes": attributes}, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
