"""Engines run a bundle's networks for the systems, behind one small interface (``base.Engine``)."""

from __future__ import annotations

from .base import Engine


class EngineError(ValueError):
    """A bundle that no engine here can run, or not on that device: what is missing. Blender and the command line each
    add what to do (``service.server``, ``cli``)."""


def create(bundle, device: str = "auto", threads: int | None = None) -> Engine:
    """The engine for a loaded ``Bundle``. ``device``: "auto", "cpu", "cuda" or "mps"; ``threads``: limit on the CPU.

    torch is imported here, not when the package is: asking which engines exist costs nothing.
    """
    if "torch" not in bundle.engines:
        raise EngineError(
            f"bundle {bundle.name} runs on {', '.join(bundle.engines)}; this version has the torch engine only"
        )
    try:
        from .torch_engine import TorchEngine
    except ModuleNotFoundError as missing:
        raise EngineError(
            f"the torch engine needs the Python package {missing.name!r}, which this Python does not have"
        ) from missing
    return TorchEngine(bundle, device, threads)


__all__ = ["Engine", "EngineError", "create"]
