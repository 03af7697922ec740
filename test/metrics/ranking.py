"""Prints what pytrec_eval (trec_eval itself) and RecBole's arithmetic say about rankings: name to one value a query, or to one value."""

import json
import sys

import numpy as np
import pytrec_eval

K = 10


def of_queries(case):
    qrels, run = case["qrels"], case["run"]
    measures = {"P_10", "recall_10", "success_10", "map_cut_10", "ndcg_cut_10"}
    out = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    # trec_eval has no cut-off for the reciprocal rank: the run is cut instead, in trec_eval's order.
    encoded = lambda pair: (pair[1], pair[0].encode())
    cut = {q: dict(sorted(items.items(), key=encoded, reverse=True)[:K]) for q, items in run.items()}
    first = pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank"}).evaluate(cut)
    return {q: {**values, **first[q]} for q, values in out.items()}


def of_items(case):
    """recbole/evaluator/metrics.py: ItemCoverage, GiniIndex, AveragePopularity; the popularity complement beside it."""
    lists, items, count = np.array(case["lists"]), case["items"], np.array(case["count"])
    recommended = np.array(sorted(np.bincount(lists.ravel(), minlength=items)))
    index = np.arange(1, items + 1)
    return {
        "coverage": len(np.unique(lists)) / items,
        "gini": np.sum((2 * index - items - 1) * recommended) / (items * recommended.sum()),
        "popularity": count[lists].mean(axis=1).mean(),
        "novelty": (1 - count[lists] / case["users"]).mean(axis=1).mean(),
    }


given = json.load(sys.stdin)
json.dump({"queries": [of_queries(c) for c in given["queries"]], "items": [of_items(c) for c in given["items"]]}, sys.stdout)
