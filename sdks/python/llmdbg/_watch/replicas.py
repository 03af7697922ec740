"""A hash of parameters that should be the same on every rank. No collective: the server compares."""

from __future__ import annotations

from typing import Any, List, Sequence

import torch

from .parameters import plain

SAMPLE = 65_536
"""Numbers of each parameter, evenly spread: ranks that drift apart do so in whole tensors."""
BITS = 48
"""Fits exactly into the double that a point is."""
PRIME = 1_000_003


def parameters_hash(parameters: Sequence[Any]) -> int:
    sums: List[Any] = []
    for parameter in parameters:
        flat = plain(parameter).reshape(-1)
        flat = flat[:: max(1, flat.numel() // SAMPLE)].contiguous()
        whole = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[flat.element_size()]
        bits = flat.view(whole).to(torch.int64)
        # By place as well, so that two numbers that changed places are seen.
        places = torch.arange(1, bits.numel() + 1, device=bits.device)
        sums.append((bits * (places * 2 + 1)).sum())
    value = 0
    device = sums[0].device if sums else None
    for one in torch.stack([s.to(device) for s in sums]).tolist() if sums else []:
        value = (value * PRIME + one) % (1 << BITS)
    return value
