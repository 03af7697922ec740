"""Prints ActivityNet's mAP at ten thresholds for each case, whole and with each video drawn as often as its weight says.

Evaluation/eval_detection.py and utils.py of https://github.com/activitynet/ActivityNet are Python 2 with pandas; this is their
arithmetic step by step, with argsort made stable, since numpy does not say what else it does with equal scores.
"""

import json
import sys

import numpy as np

THRESHOLDS = np.linspace(0.5, 0.95, 10)


def interpolated_prec_rec(prec, rec):
    mprec = np.hstack([[0], prec, [0]])
    mrec = np.hstack([[0], rec, [1]])
    for i in range(len(mprec) - 1)[::-1]:
        mprec[i] = max(mprec[i], mprec[i + 1])
    idx = np.where(mrec[1::] != mrec[0:-1])[0] + 1
    return np.sum((mrec[idx] - mrec[idx - 1]) * mprec[idx])


def segment_iou(target, candidates):
    tt1 = np.maximum(target[0], candidates[:, 0])
    tt2 = np.minimum(target[1], candidates[:, 1])
    intersection = (tt2 - tt1).clip(0)
    union = (candidates[:, 1] - candidates[:, 0]) + (target[1] - target[0]) - intersection
    return intersection.astype(float) / union


def descending(values):
    return np.argsort(values, kind="stable")[::-1]


def average_precision(truth, prediction):
    """truth: (video, start, end); prediction: (video, start, end, score)"""
    ap = np.zeros(len(THRESHOLDS))
    if not prediction:
        return ap
    lock = np.full((len(THRESHOLDS), len(truth)), -1)
    prediction = [prediction[i] for i in descending([p[3] for p in prediction])]
    tp = np.zeros((len(THRESHOLDS), len(prediction)))
    fp = np.zeros((len(THRESHOLDS), len(prediction)))
    for idx, (video, start, end, _) in enumerate(prediction):
        own = [i for i, t in enumerate(truth) if t[0] == video]
        if not own:
            fp[:, idx] = 1
            continue
        tiou = segment_iou((start, end), np.array([truth[i][1:] for i in own]))
        for tidx, threshold in enumerate(THRESHOLDS):
            for jdx in descending(tiou):
                if tiou[jdx] < threshold:
                    fp[tidx, idx] = 1
                    break
                if lock[tidx, own[jdx]] >= 0:
                    continue
                tp[tidx, idx] = 1
                lock[tidx, own[jdx]] = idx
                break
            if fp[tidx, idx] == 0 and tp[tidx, idx] == 0:
                fp[tidx, idx] = 1
    tp_sum, fp_sum = np.cumsum(tp, axis=1), np.cumsum(fp, axis=1)
    for tidx in range(len(THRESHOLDS)):
        ap[tidx] = interpolated_prec_rec((tp_sum / (tp_sum + fp_sum))[tidx], (tp_sum / len(truth))[tidx])
    return ap


def evaluate(case, weights):
    truth, found = {}, {}
    for video, weight in weights.items():
        for copy in range(weight):
            for a in case["database"].get(video, {"annotations": []})["annotations"]:
                truth.setdefault(a["label"], []).append((f"{video} {copy}", *a["segment"]))
            for r in case["results"].get(video, []):
                found.setdefault(r["label"], []).append((f"{video} {copy}", *r["segment"], r["score"]))
    return np.mean([average_precision(truth[label], found.get(label, [])) for label in truth], axis=0).tolist()


json.dump(
    [[evaluate(c, dict.fromkeys(c["weights"], 1)), evaluate(c, c["weights"])] for c in json.load(sys.stdin)], sys.stdout
)
