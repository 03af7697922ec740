"""Decides which steps are watched in full."""

from __future__ import annotations

import statistics
from collections import deque
from typing import Deque, Optional

STRIDES = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
SHARE = 0.01
"""Of the loop's time that full statistics may take; 3 % are promised, and the check of every step is the rest."""
BURST = 5
"""Steps watched after an anomaly, its own included."""
BURST_STEPS = 50
BURST_WINDOW = 1000
"""At most so many extra steps in so many: a run whose gradients are always spiky must not be slowed down."""
KEPT = 7


class Cadence:
    """Every n-th step, n fixed or found from what watching costs, and some steps from an anomaly on."""

    def __init__(self, every: Optional[int], first_step: int) -> None:
        self.is_fixed = every is not None
        self.every = max(1, every) if every is not None else STRIDES[0]
        self._next = first_step
        self._burst_until = first_step - 1
        self._extra: Deque[int] = deque()
        self._own: Deque[float] = deque(maxlen=KEPT)
        self._rest: Deque[float] = deque(maxlen=4 * KEPT)
        self._forward: Deque[float] = deque(maxlen=4 * KEPT)
        self._watched = 0

    def is_due(self, step: int) -> bool:
        # A step that went back is a resume: counting starts anew from there.
        if step >= self._next or self._next - step > self.every:
            return True
        if step > self._burst_until:
            return False
        while self._extra and self._extra[0] <= step - BURST_WINDOW:
            self._extra.popleft()
        return len(self._extra) < BURST_STEPS

    def alarm(self, step: int) -> None:
        self._burst_until = max(self._burst_until, step + BURST - 1)

    def watched(self, step: int) -> None:
        if step < self._next and self._next - step <= self.every:
            self._extra.append(step)
            return
        # On multiples, so that runs can be compared step by step.
        self._next = (step // self.every + 1) * self.every

    def cost(self, own_seconds: Optional[float], rest_seconds: float, forward_seconds: float) -> None:
        """What one step took for watching (None: it was not watched in full), for the rest, and for the forward in this rest."""
        if self.is_fixed:
            return
        self._rest.append(rest_seconds)
        if own_seconds is None:
            self._forward.append(forward_seconds)
            return
        if self._forward:
            # That PyTorch calls hooks is part of the cost as well.
            own_seconds += max(0.0, forward_seconds - statistics.median(self._forward))
        self._watched += 1
        if self._watched > 1:  # The first one warms up.
            self._own.append(own_seconds)
        if len(self._own) >= 2 and len(self._rest) >= KEPT:
            share = statistics.median(self._own) / max(statistics.median(self._rest), 1e-9)
            wanted = next((n for n in STRIDES if share / n <= SHARE), STRIDES[-1])
            # Up at once, down only when it is clearly too seldom: the steps of a curve should not alternate.
            if wanted > self.every or share / self.every < SHARE / 5:
                self.every = wanted
