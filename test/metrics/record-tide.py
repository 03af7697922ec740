"""Records what TIDE itself says about the cases of detection-cases.ts, in tide.json. TIDE is not on PyPI in a form that installs
beside the rest, and asks for OpenCV and seaborn to draw, which are put aside here. Written at commit 49a5d2a4ae by

    git clone https://github.com/dbolya/tide
    npx tsx -e 'import("./test/metrics/detection-cases.ts").then((m) => console.log(JSON.stringify(m.detectionCases)))' \
        | .venv/bin/python test/metrics/record-tide.py tide > test/metrics/tide.json
"""

import json
import sys
import types

for name in ["cv2", "appdirs", "matplotlib", "matplotlib.pyplot", "seaborn", "tidecv.plotting"]:
    sys.modules[name] = types.ModuleType(name)
sys.modules["cv2"].FONT_HERSHEY_SIMPLEX = 0
sys.modules["appdirs"].user_data_dir = None
sys.modules["tidecv.plotting"].Plotter = lambda *_, **__: None
sys.path.insert(0, sys.argv[1])

from tidecv import TIDE  # noqa: E402
from tidecv.data import Data  # noqa: E402


def run(annotations, results):
    truth, found = Data("truth", max_dets=100), Data("found")
    for image in sorted(annotations["images"], key=lambda image: image["id"]):
        truth.add_image(image["id"], "")
    for a in annotations["annotations"]:
        add = truth.add_ignore_region if a["iscrowd"] else truth.add_ground_truth
        add(a["image_id"], a["category_id"], a["bbox"])
    for r in results:
        found.add_detection(r["image_id"], r["category_id"], r["score"], r["bbox"])
    tide = TIDE()
    evaluated = tide.evaluate(truth, found, mode=TIDE.BOX)
    special = {error.short_name: gain for error, gain in evaluated.fix_special_errors().items()}
    main = tide.get_main_errors()["found"]
    counts = {f"count {error.short_name}": count for error, count in evaluated.count_errors().items()}
    return {name: float(value) for name, value in {"AP": evaluated.ap, **main, **special, **counts}.items()}


json.dump({case["name"]: run(case["annotations"], case["results"]) for case in json.load(sys.stdin)}, sys.stdout, indent=1)
