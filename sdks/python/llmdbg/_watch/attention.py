"""Sees attention and activation functions inside modules while a watched forward runs.

A mode of `torch.overrides` is told of every torch function. It catches what hooks of modules can not see: the
arguments of `scaled_dot_product_attention` after rotary embedding and QK norm, the scores that go into a softmax
inside an attention module, and `F.relu`, `torch.tanh` and the like.
"""

from __future__ import annotations

import math
import time
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import torch
from torch.overrides import TorchFunctionMode

from .activations import FUNCTIONS, Batch
from .bystanders import is_bystander

ROWS = 32
"""Queries of one sample, in all heads, that logits are recomputed for."""

ATTENTIONS = {"scaled_dot_product_attention": 0, "multi_head_attention_forward": 1}


class Functions(TorchFunctionMode):
    """`attention(scores)`, a function of nothing, and `activation(kind, input, output)` are called where one is met."""

    def __init__(
        self,
        attention: Callable[[Callable[[], Any]], None],
        activation: Callable[[str, Any, Any], None],
        in_attention: Callable[[], bool],
        spent: Callable[[float], None],
    ) -> None:
        super().__init__()
        self._spent = spent
        self._attention = attention
        self._activation = activation
        self._in_attention = in_attention

    def __torch_function__(self, func: Any, types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if name in INTERESTING and not is_bystander():
            begin = time.perf_counter()
            try:
                self._see(name, args, kwargs, result)
            except Exception:  # An unusual signature: this attention is not measured.
                pass
            self._spent(time.perf_counter() - begin)
        return result

    def _see(self, name: str, args: Tuple[Any, ...], kwargs: Dict[str, Any], result: Any) -> None:
        if name in FUNCTIONS:
            if isinstance(result, torch.Tensor) and result.is_floating_point() and result.dim() > 1:
                self._activation(FUNCTIONS[name], args[0] if args else kwargs["input"], result)
            return
        with torch.no_grad():
            if name == "scaled_dot_product_attention":
                self._attention(lambda: of_scaled(*args, **kwargs))
            elif name == "multi_head_attention_forward":
                self._attention(lambda: of_multi_head(*args, **kwargs))
            elif self._in_attention():
                scores = args[0] if args else kwargs["input"]
                if scores.dim() >= 3 and scores.shape[-1] > 1:
                    self._attention(lambda: of_scores(scores.detach()).clone())


INTERESTING = {*FUNCTIONS, *ATTENTIONS, "softmax"}


def of_scores(scores: Any) -> Any:
    """Some rows of the first sample, in all heads."""
    one = scores[:1] if scores.dim() >= 4 else scores
    return one[..., :: max(1, one.shape[-2] // ROWS), :].float()


def attended(found: Sequence[Tuple[str, Any]]) -> List[Batch]:
    """Largest finite |logit| and mean entropy in nats; scores of one shape together, kernels cost more than numbers."""
    groups: Dict[Any, List[Tuple[str, Any]]] = {}
    for path, scores in found:
        groups.setdefault((scores.shape, scores.device), []).append((path, scores))
    batches: List[Batch] = []
    for group in groups.values():
        paths = [path for path, _ in group]
        logit, entropy = _logit_and_entropy(torch.stack([scores for _, scores in group]))
        batches += [Batch("attention_logit_max", paths, logit), Batch("attention_entropy", paths, entropy)]
    return batches


def _logit_and_entropy(scores: Any) -> Tuple[Any, Any]:
    """Of each entry of the first dimension. Masked scores are -inf or a huge negative."""
    masked = scores <= MASKED
    # Rows that are masked as a whole (padding) have no entropy.
    rows = ~masked.all(dim=-1)
    logit = scores.masked_fill(masked, 0).abs_().flatten(1).amax(1)
    logs = torch.log_softmax(scores.masked_fill(masked, -math.inf).masked_fill_(~rows[..., None], 0.0), dim=-1)
    entropy = -(logs.exp() * logs.masked_fill(masked, 0)).sum(-1)
    return logit, (entropy * rows).flatten(1).sum(1) / rows.flatten(1).sum(1).clamp_min(1)


MASKED = -1e4
"""The mildest mask in use (-10000 of BERT); logits of that size have long diverged (arXiv 2309.14322)."""


def of_scaled(
    query: Any,
    key: Any,
    value: Any = None,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: Optional[float] = None,
    enable_gqa: bool = False,
) -> Any:
    q = query.detach()[:1] if query.dim() >= 4 else query.detach()
    k = key.detach()[:1] if key.dim() >= 4 else key.detach()
    length = q.shape[-2]
    stride = max(1, length // ROWS)
    q = q[..., ::stride, :].float() * (scale if scale is not None else 1 / math.sqrt(query.shape[-1]))
    k = k.float()
    if q.dim() >= 4 and q.shape[1] != k.shape[1]:  # Grouped queries.
        k = k.repeat_interleave(q.shape[1] // k.shape[1], dim=1)
    scores = q @ k.transpose(-2, -1)
    if is_causal:
        rows, columns = (torch.arange(0, n, by, device=q.device) for n, by in ((length, stride), (k.shape[-2], 1)))
        scores = scores.masked_fill_(columns[None, :] > rows[:, None], -math.inf)
    if attn_mask is not None:
        mask = attn_mask.detach()
        mask = mask[:1] if mask.dim() >= 4 else mask
        if mask.shape[-2] == length:
            mask = mask[..., ::stride, :]
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask.float()
    return scores


def of_multi_head(*args: Any, **kwargs: Any) -> Any:
    """nn.MultiheadAttention, whose arguments are (length, batch, width) here."""
    names = ("query", "key", "value", "embed_dim_to_check", "num_heads", "in_proj_weight", "in_proj_bias")
    given: Dict[str, Any] = {**dict(zip(names, args)), **kwargs}
    query, key, heads = given["query"].detach()[:, :1], given["key"].detach()[:, :1], int(given["num_heads"])
    width = query.shape[-1]
    weight, bias = given.get("in_proj_weight"), given.get("in_proj_bias")
    if given.get("use_separate_proj_weight"):
        q_weight, k_weight = given["q_proj_weight"], given["k_proj_weight"]
    else:
        q_weight, k_weight = weight[:width], weight[width : 2 * width]
    q = query @ q_weight.detach().t() + (0 if bias is None else bias.detach()[:width])
    k = key @ k_weight.detach().t() + (0 if bias is None else bias.detach()[width : 2 * width])

    def by_head(x: Any) -> Any:
        return x.reshape(x.shape[0], heads, -1).transpose(0, 1)[None]

    mask = given.get("attn_mask")
    if mask is not None and mask.dim() == 3:
        mask = mask[:heads][None]
    if mask is not None and mask.dtype == torch.bool:
        mask = ~mask  # True is masked here, and allowed there.
    return of_scaled(by_head(q), by_head(k), attn_mask=mask, is_causal=mask is None and bool(given.get("is_causal")))


def looks_like_attention(path: str, module: Any) -> bool:
    last = path.rsplit(".", 1)[-1].lower()
    return "attn" in last or "attention" in last or "attention" in type(module).__name__.lower()


__all__: List[str] = ["Functions", "attended", "looks_like_attention"]
