"""Sees attention and activation functions inside modules while a watched forward runs.

A mode of `torch.overrides` is told of every torch function. It catches what hooks of modules can not see: the
arguments of `scaled_dot_product_attention` after rotary embedding and QK norm, the scores that go into a softmax
inside an attention module, and `F.relu`, `torch.tanh` and the like.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch
from torch.overrides import TorchFunctionMode

from .activations import FUNCTIONS
from .bystanders import is_bystander

ROWS = 32
"""Queries of one sample, in all heads, that logits are recomputed for."""

ATTENTIONS = {"scaled_dot_product_attention": 0, "multi_head_attention_forward": 1}


class Functions(TorchFunctionMode):
    """`attention(logit max, entropy)` and `activation(kind, input, output)` are called where one is met."""

    def __init__(
        self,
        attention: Callable[[Any, Any], None],
        activation: Callable[[str, Any, Any], None],
        in_attention: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._attention = attention
        self._activation = activation
        self._in_attention = in_attention

    def __torch_function__(self, func: Any, types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if name in INTERESTING and not is_bystander():
            try:
                self._see(name, args, kwargs, result)
            except Exception:  # An unusual signature: this attention is not measured.
                pass
        return result

    def _see(self, name: str, args: Tuple[Any, ...], kwargs: Dict[str, Any], result: Any) -> None:
        if name in FUNCTIONS:
            if isinstance(result, torch.Tensor) and result.is_floating_point() and result.dim() > 1:
                self._activation(FUNCTIONS[name], args[0] if args else kwargs["input"], result)
            return
        with torch.no_grad():
            if name == "scaled_dot_product_attention":
                self._attention(*of_scaled(*args, **kwargs))
            elif name == "multi_head_attention_forward":
                self._attention(*of_multi_head(*args, **kwargs))
            elif self._in_attention():
                scores = args[0] if args else kwargs["input"]
                if scores.dim() >= 3 and scores.shape[-1] > 1:
                    self._attention(*of_scores(scores.detach()))


INTERESTING = {*FUNCTIONS, *ATTENTIONS, "softmax"}


def of_scores(scores: Any) -> Tuple[Any, Any]:
    """Largest finite |logit| and mean entropy in nats, of the first sample. Masked scores are -inf or a huge negative."""
    one = scores[:1] if scores.dim() >= 4 else scores
    one = one[..., :: max(1, one.shape[-2] // ROWS), :].float()
    masked = one <= MASKED
    # Rows that are masked as a whole (padding) have no entropy.
    rows = ~masked.all(dim=-1)
    logit = one.masked_fill(masked, 0).abs().amax()
    logs = torch.log_softmax(one.masked_fill(masked, -math.inf).masked_fill(~rows[..., None], 0.0), dim=-1)
    entropy = -(logs.exp() * logs.masked_fill(masked, 0)).sum(-1)
    return logit, (entropy * rows).sum() / rows.sum().clamp_min(1)


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
) -> Tuple[Any, Any]:
    q = query.detach()[:1] if query.dim() >= 4 else query.detach()
    k = key.detach()[:1] if key.dim() >= 4 else key.detach()
    length = q.shape[-2]
    rows = torch.arange(0, length, max(1, length // ROWS), device=q.device)
    q = q.index_select(-2, rows).float() * (scale if scale is not None else 1 / math.sqrt(query.shape[-1]))
    k = k.float()
    if q.dim() >= 4 and q.shape[1] != k.shape[1]:  # Grouped queries.
        k = k.repeat_interleave(q.shape[1] // k.shape[1], dim=1)
    scores = q @ k.transpose(-2, -1)
    if is_causal:
        columns = torch.arange(k.shape[-2], device=q.device)
        scores = scores.masked_fill(columns[None, :] > rows[:, None], -math.inf)
    if attn_mask is not None:
        mask = attn_mask.detach()
        mask = mask[:1] if mask.dim() >= 4 else mask
        if mask.shape[-2] == length:
            mask = mask.index_select(-2, rows)
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask.float()
    return of_scores(scores)


def of_multi_head(*args: Any, **kwargs: Any) -> Tuple[Any, Any]:
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


__all__: List[str] = ["Functions", "looks_like_attention", "of_scaled", "of_scores"]
