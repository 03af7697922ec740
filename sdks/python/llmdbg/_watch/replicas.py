"""Ranks, and a hash of parameters that should be the same on every one of them. No collective: the server compares."""

from __future__ import annotations

import os
from typing import Any, List, Sequence, Tuple

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


def rank_of() -> Tuple[int, int]:
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    rank, size = os.environ.get("RANK", ""), os.environ.get("WORLD_SIZE", "")
    return (int(rank), int(size)) if rank.isdigit() and size.isdigit() else (0, 1)


def is_sharded(model: Any) -> bool:
    """Its forward is a collective, or its parameters are parts: neither may be asked of one rank alone."""
    if any(hasattr(p, "_local_tensor") or hasattr(p, "ds_id") for p in model.parameters()):
        return True
    kinds = {type(module).__name__ for module in model.modules()}
    return "SyncBatchNorm" in kinds or any(kind.startswith(("FullyShardedDataParallel", "FSDP")) for kind in kinds)
