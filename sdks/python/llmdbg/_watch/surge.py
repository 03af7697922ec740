"""Is a step's gradient far above those before it?"""

from __future__ import annotations

import math
from typing import Optional

TIMES = 4.0
"""Its running mean: BLOOM-176B's divergence began with .242 -> .947 (bigscience tr11-176B-ml/chronicles.md). It only
makes llmdbg look closer, so that a false one costs a few watched steps."""
AFTER = 10
"""Steps before the running mean is one."""
MEMORY = 0.9


class Surge:
    def __init__(self) -> None:
        self._mean: Optional[float] = None
        self._seen = 0

    def is_one(self, norm: Optional[float]) -> bool:
        if norm is None or not math.isfinite(norm) or norm <= 0:
            return False
        mean, seen = self._mean, self._seen
        self._seen += 1
        # Geometric, so that one spike does not hide the next.
        self._mean = norm if mean is None else mean**MEMORY * norm ** (1 - MEMORY)
        return mean is not None and seen >= AFTER and norm > TIMES * mean
