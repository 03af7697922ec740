"""The peer of benchmarks/slices.ts: python sliceline (PyPI, 0.3.x) on Adult census. Prints one line of JSON.

    pip install sliceline
    python benchmarks/slices-peer.py adult.data table.json

Also writes the table that both search: 14 attributes as codes from 0 (numbers in 10 ranges of equal width) and the errors of a
logistic regression on the task itself, each row predicted by a model of four fifths that it is not in.
"""

import json
import resource
import sys
import time

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sliceline.slicefinder import Slicefinder

names = "age workclass fnlwgt education educnum marital occupation relationship race sex capgain caploss hours country"
names = names.split()
numeric = {"age", "fnlwgt", "educnum", "capgain", "caploss", "hours"}

with open(sys.argv[1]) as file:
    rows = [line.strip().split(", ") for line in file if line.strip()]
columns = list(zip(*rows))
label = np.array([text.startswith(">50K") for text in columns[14]], dtype=int)

values, codes, features = [], [], []
for name, column in zip(names, columns):
    if name in numeric:
        own = np.array(column, dtype=float)
        edges = np.linspace(own.min(), own.max(), 11)
        code = np.clip(np.digitize(own, edges[1:-1]), 0, 9)
        values.append([f"bin {index + 1}" for index in range(10)])
        features.append(((own - own.mean()) / own.std())[:, None])
    else:
        levels = sorted(set(column))
        code = np.searchsorted(levels, column)
        values.append(levels)
        features.append(np.eye(len(levels))[code])
    codes.append(code)

predicted = cross_val_predict(LogisticRegression(max_iter=2000), np.hstack(features), label, cv=5)
errors = (predicted != label).astype(int)
with open(sys.argv[2], "w") as file:
    table = {"names": names, "values": values, "codes": [code.tolist() for code in codes], "errors": errors.tolist()}
    json.dump(table, file)

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
table = np.column_stack(codes) + 1
began = time.perf_counter()
finder = Slicefinder(alpha=0.95, k=10, max_l=3, min_sup=len(errors) // 100, verbose=False)
finder.fit(table, errors)
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
scores = [float(entry["slice_score"]) for entry in finder.top_slices_statistics_]
print(json.dumps({"seconds": seconds, "peak_mb": peak / 1024, "before_mb": before / 1024, "scores": scores}))
