"""Prints what scikit-learn (and torchmetrics' arithmetic) says about each case: metric to value, as text ("nan" is no JSON)."""

import json
import sys

import numpy as np
from sklearn import metrics as m

NONE = "\U0010ffff"


def calibration(confidence, correct):
    """torchmetrics 1.9.0, functional/classification/calibration_error.py, _ce_compute with 15 bins and l1, in float64.

    Written in numpy, because loading torch takes longer than all else here; torch.linspace(0, 1, 16) is n / 15 but for
    its twelfth number, which is one unit in the last place above.
    """
    edges = np.arange(16) / 15
    edges[11] = np.nextafter(edges[11], 1)
    index = np.searchsorted(edges, confidence, side="right") - 1
    count = np.bincount(index, minlength=16)
    with np.errstate(invalid="ignore"):
        accuracy = np.nan_to_num(np.bincount(index, correct, 16) / count)
        confident = np.nan_to_num(np.bincount(index, confidence, 16) / count)
    return np.sum(np.abs(accuracy - confident) * count / count.sum())


def of_labels(case, rows):
    truth = np.array(case["truth"])[rows]
    predicted = np.array([NONE if p is None else p for p in case["predicted"]])[rows]
    labels = sorted({*truth, *predicted} - {NONE})
    out = {"accuracy": m.accuracy_score(truth, predicted), "mcc": m.matthews_corrcoef(truth, predicted)}
    out["cohen_kappa"] = m.cohen_kappa_score(truth, predicted)
    matrix = m.confusion_matrix(truth, predicted, labels=[*labels, NONE])
    for row, right in enumerate(labels):
        for column, said in enumerate(labels):
            out[f"{right} taken for {said}"] = matrix[row, column]
    for average in ["macro", "micro", "weighted", "binary"]:
        if average == "binary" and case["positive"] is None:
            continue
        chosen = [case["positive"]] if average == "binary" else labels
        scores = m.precision_recall_fscore_support(
            truth, predicted, labels=chosen, average="macro" if average == "binary" else average, zero_division=0
        )
        suffix = "" if average == "binary" else "_" + average
        for name, score in zip(["precision", "recall", "f1"], scores):
            out[name + suffix] = score
    return out


def of_scores(case, rows):
    truth = np.array(case["truth"])[rows]
    scores = np.array(case["scores"])[rows]
    labels = case["labels"]
    out = {}
    if scores.ndim == 1:
        correct = truth == case["positive"]
        out["roc_auc"] = m.roc_auc_score(correct, scores)
        out["average_precision"] = m.average_precision_score(correct, scores)
        if case["probable"]:
            out["log_loss"] = m.log_loss(correct, scores, labels=[False, True])
            out["brier"] = m.brier_score_loss(correct, scores, pos_label=True)
            out["ece"] = calibration(scores, correct)
        return out
    if len(set(truth)) == len(labels):
        out["average_precision"] = m.average_precision_score(
            np.array([[t == l for l in labels] for t in truth]), scores, average="macro"
        )
        if case["probable"]:
            out["roc_auc"] = m.roc_auc_score(truth, scores, multi_class="ovr", average="macro", labels=labels)
    if case["probable"]:
        out["log_loss"] = m.log_loss(truth, scores, labels=labels)
        out["brier"] = m.brier_score_loss(truth, scores, labels=labels)
        out["ece"] = calibration(scores.max(axis=1), np.array(labels)[scores.argmax(axis=1)] == truth)
    if len(labels) > 5:
        out["top5_accuracy"] = m.top_k_accuracy_score(truth, scores, k=5, labels=labels)
    return out


def of_sets(case, rows):
    labels = case["labels"]
    truth = np.array([[label in t for label in labels] for t in case["truth"]])[rows].astype(int)
    predicted = np.array([[label in p for label in labels] for p in case["predicted"]])[rows].astype(int)
    scores = np.array(case["scores"])[rows]
    out = {"accuracy": m.accuracy_score(truth, predicted)}
    for average in ["macro", "micro", "weighted", "samples"]:
        values = m.precision_recall_fscore_support(truth, predicted, average=average, zero_division=0)
        for name, value in zip(["precision", "recall", "f1"], values):
            out[f"{name}_{average}"] = value
    out["roc_auc"] = m.roc_auc_score(truth, scores, average="macro")
    out["average_precision"] = m.average_precision_score(truth, scores, average="macro")
    return out


def of_numbers(case, rows):
    truth, predicted = np.array(case["truth"])[rows], np.array(case["predicted"])[rows]
    return {
        "mae": m.mean_absolute_error(truth, predicted),
        "rmse": m.root_mean_squared_error(truth, predicted),
        "r2": m.r2_score(truth, predicted),
    }


def answer(case):
    every = np.arange(len(case["truth"]))
    out = []
    for rows in [every, np.repeat(every, case["weights"])]:
        if case["task"] == "regression":
            values = of_numbers(case, rows)
        elif case["task"] == "multilabel":
            values = of_sets(case, rows)
        else:
            values = {**of_labels(case, rows), **(of_scores(case, rows) if case["scores"] else {})}
        out.append({name: repr(float(value)) for name, value in values.items()})
    return out


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
