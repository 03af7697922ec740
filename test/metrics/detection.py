"""Prints pycocotools' twelve numbers of each case, whole and with each image drawn as often as its weight says."""

import contextlib
import io
import json
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def twelve(annotations, results, weights):
    images, truths, found = [], [], []
    for place, image in enumerate(sorted(annotations["images"], key=lambda image: image["id"])):
        for copy in range(weights[place]):
            # Neighbours in the order of ids, so that a drawn image stands where it stood.
            new = image["id"] * 8 + copy + 1
            images.append({**image, "id": new})
            truths += [{**a, "image_id": new} for a in annotations["annotations"] if a["image_id"] == image["id"]]
            found += [{**r, "image_id": new} for r in results if r["image_id"] == image["id"]]
    truth = COCO()
    truth.dataset = {
        "info": {},
        "images": images,
        "annotations": [{**a, "id": place + 1} for place, a in enumerate(truths)],
        "categories": annotations["categories"],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return list(evaluation.stats)


json.dump(
    [
        [twelve(c["annotations"], c["results"], w) for w in ([1] * len(c["annotations"]["images"]), c["weights"])]
        for c in json.load(sys.stdin)
    ],
    sys.stdout,
)
