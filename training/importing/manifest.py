"""Tensors against the names and shapes that a published file has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch

Shapes = Mapping[str, tuple[int, ...]]


def take(tensors: Mapping[str, torch.Tensor], shapes: Shapes) -> dict[str, torch.Tensor]:
    """Copies in float32 of exactly the tensors named in ``shapes``; ValueError names what is missing, too much, of
    another shape or not finite. Shapes come first: a tensor may claim more numbers than its file holds."""
    missing = [name for name in shapes if name not in tensors]
    if missing:
        wanted = shown(shapes[missing[0]])
        raise ValueError(f"tensor {missing[0]!r} of shape {wanted} is missing, one of {len(missing)}")
    foreign = [name for name in tensors if name not in shapes]
    if foreign:
        raise ValueError(f"tensor {foreign[0][:100]!r} does not belong there, one of {len(foreign)} too many")
    for name, shape in shapes.items():
        if tuple(tensors[name].shape) != shape:
            raise ValueError(f"tensor {name!r} has shape {shown(tensors[name].shape)}, wanted is {shown(shape)}")
    return {name: _float32(name, tensors[name]) for name in shapes}


def under(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The tensors whose names begin with ``prefix``, named without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def shown(shape: Iterable[int]) -> str:
    return " x ".join(map(str, shape)) or "one number"


def _float32(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """A copy that shares nothing with the file or another tensor."""
    copied = tensor.to(torch.float32, memory_format=torch.contiguous_format, copy=True)
    if not bool(torch.isfinite(copied).all()):
        raise ValueError(f"tensor {name!r} has values that are not finite (NaN or infinite)")
    return copied
