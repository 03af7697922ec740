"""Which modules of a PyTorch model are watched, and under which path."""

from __future__ import annotations

import fnmatch
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import torch

from .arguments import layers_of, named, say
from .names import ROOT, WRAPPERS, block_of, clean_path

MAX_LAYERS = 256
"""Leaf modules; a model with more is watched by blocks. About 15 series for each."""

Choice = Union[None, int, Sequence[str], Callable[[str, Any], bool]]


class Layer(NamedTuple):
    path: str
    module: Any
    """Whose output is the layer's."""
    parameters: List[Any]


class Layers(NamedTuple):
    watched: List[Layer]
    names: Dict[Any, str]
    """Of every module, also those that are not watched."""
    by_block: bool
    left_out: int


def choose(model: Any, choice: Choice = None) -> Layers:
    """`choice`: a limit, patterns of paths, or a function of path and module; else all leaf modules."""
    names = dict(_named(model))
    leaves = [Layer(path, module, own) for module, path, own in _leaves(names)]
    limit = MAX_LAYERS
    if isinstance(choice, int):
        limit = max(1, choice)
    elif choice is not None:
        leaves = _chosen(leaves, choice)
    if len(leaves) <= limit:
        return Layers(leaves, names, False, 0)
    blocks = _blocks(leaves, names)
    if len(blocks) <= limit:
        return Layers(blocks, names, True, 0)
    # Spread evenly, with the first and the last.
    kept = [blocks[round(i * (len(blocks) - 1) / max(limit - 1, 1))] for i in range(limit)]
    return Layers(kept, names, True, len(blocks) - limit)


def _chosen(leaves: List[Layer], choice: Any) -> List[Layer]:
    """All of them where the choice is a mistake, which is said."""
    patterns = [choice] if isinstance(choice, str) else choice
    if callable(choice):
        try:
            chosen = [layer for layer in leaves if choice(layer.path, layer.module)]
        except Exception as error:
            say(f"the function given as layers raised {error!r}; it takes a path and a module; all layers are watched")
            return leaves
    elif isinstance(patterns, (list, tuple, set)) and all(isinstance(pattern, str) for pattern in patterns):
        chosen = [layer for layer in leaves if any(fnmatch.fnmatchcase(layer.path, pattern) for pattern in patterns)]
    else:
        say(f"layers takes patterns of paths, a function or a number, not {named(choice)}; all layers are watched")
        return leaves
    return chosen if layers_of(choice, [layer.path for layer in leaves], [layer.path for layer in chosen]) else leaves


def _named(model: Any) -> Iterator[Tuple[Any, str]]:
    """Names of wrappers are only left out where the module around is one: a model may have a part called `module`."""
    done = set()

    def walk(module: Any, path: List[str]) -> Iterator[Tuple[Any, str]]:
        if id(module) in done:
            return
        done.add(id(module))
        yield module, ".".join(path) or ROOT
        children = list(module.named_children())
        for name, child in children:
            wraps = name in WRAPPERS and (name != "module" or len(children) == 1)
            yield from walk(child, path if wraps else [*path, name])

    yield from walk(model, [])


def _leaves(names: Dict[Any, str]) -> Iterator[Tuple[Any, str, List[Any]]]:
    seen = set()
    for module, path in names.items():
        own: List[Any] = []
        for parameter in module.parameters(recurse=False):
            if id(parameter) not in seen:  # Tied weights belong to the first module that has them.
                seen.add(id(parameter))
                own.append(parameter)
        has_children = next(iter(module.children()), None) is not None
        if own or not (has_children or isinstance(module, SILENT)):
            yield module, path, own


SILENT = (torch.nn.Identity, torch.nn.Dropout, torch.nn.Flatten, torch.nn.ModuleList, torch.nn.ModuleDict)
"""Leaves whose output says nothing that their neighbours' does not."""


def _blocks(leaves: List[Layer], names: Dict[Any, str]) -> List[Layer]:
    by_path = {path: module for module, path in names.items()}
    blocks: Dict[str, Layer] = {}
    for leaf in leaves:
        path = block_of(leaf.path)
        if path not in blocks:
            blocks[path] = Layer(path, by_path.get(path, leaf.module), [])
        blocks[path].parameters.extend(leaf.parameters)
    return list(blocks.values())


def shapeless(model: Any) -> List[str]:
    """Paths of lazy modules that wait for their first forward."""
    is_lazy: Callable[[Any], bool] = getattr(torch.nn.parameter, "is_lazy", lambda _parameter: False)
    return [
        f"{path} ({type(module).__name__})"
        for module, path in _named(model)
        if any(is_lazy(p) for p in module.parameters(recurse=False))
    ]


def owner_of(layers: Layers) -> Dict[int, Tuple[str, Any]]:
    """Parameter id to the path of its module and the module, whether or not the module is watched."""
    return {id(parameter): (path, module) for module, path, own in _leaves(layers.names) for parameter in own}


def unwrapped(model: Any) -> Any:
    """The module below DDP and torch.compile, which can be called without their machinery."""
    found: Optional[Any] = model
    while found is not None:
        model = found
        found = getattr(model, "_orig_mod", None)
        if found is None and type(model).__name__ in ("DistributedDataParallel", "DataParallel"):
            found = model.module
    return model


__all__ = ["Choice", "Layer", "Layers", "choose", "clean_path", "owner_of", "shapeless", "unwrapped"]
