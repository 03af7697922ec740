"""The points that every tool gets: a decaying loss with noise, five one-step spikes and three NaN. Fixed seed."""

import math
import random


def needles(n):
    """Positions of the spikes and of the NaN in a curve of n points."""
    spikes = [int(n * f) for f in (0.113, 0.307, 0.5003, 0.717, 0.911)]
    nans = [int(n * f) for f in (0.207, 0.603, 0.803)]
    return spikes, nans


def curve(n, seed=0):
    rng = random.Random(seed)
    values = [2.0 * math.exp(-3.0 * i / n) + 0.5 + rng.gauss(0.0, 0.02) for i in range(n)]
    spikes, nans = needles(n)
    for k, i in enumerate(spikes):
        values[i] = 50.0 + k
    for i in nans:
        values[i] = math.nan
    return values


def finite_curve(n, seed=0):
    rng = random.Random(seed)
    return [2.0 * math.exp(-3.0 * i / n) + 0.5 + rng.gauss(0.0, 0.02) for i in range(n)]
