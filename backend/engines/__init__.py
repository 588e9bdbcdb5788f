"""Engines run a bundle's networks for the systems, behind one small interface (``base.Engine``)."""

from __future__ import annotations

from pathlib import Path

from .base import Engine
from .batching import OutOfMemory, in_parts
from .choosing import NAMES, Choice, EngineError, choose, usable


def create(
    bundle, engine: str = "auto", device: str = "auto", threads: int | None = None, base: Path | None = None
) -> Engine:
    """The engine for a loaded ``Bundle``. ``engine``: one of NAMES; ``device``: "auto", "cpu", "cuda" or "mps";
    ``threads``: limit on the CPU (numpy's was set when the process began, see ``service.threads``); ``base``: the
    folder of the base model of a bundle that was trained on one, None to look in the hub's cache.

    Each engine is imported here, not when the package is: asking which engines exist costs nothing.
    """
    if choose(bundle, engine, device).name == "numpy":
        from .numpy_engine import NumpyEngine

        return NumpyEngine(bundle)
    try:
        from .torch_engine import TorchEngine
    except (ImportError, OSError) as broken:  # OSError: a library of torch's own that Windows cannot load
        raise EngineError(f"the torch engine cannot be started: {' '.join(str(broken).split())[:200]}") from broken
    return TorchEngine(bundle, device, threads, base)


__all__ = ["NAMES", "Choice", "Engine", "EngineError", "OutOfMemory", "choose", "create", "in_parts", "usable"]
