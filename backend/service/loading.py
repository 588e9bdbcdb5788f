"""From a bundle's folder to a system that can generate. Heavy imports happen here and nowhere earlier."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

from .. import bundles
from ..engines import EngineError
from ..protocol import ProgressCall

ENGINE_MODULES = {"torch": "torch"}
"""engine -> the package it needs, best first"""


def usable_engines() -> tuple[str, ...]:
    """The engines whose package is installed, found without importing it."""
    return tuple(name for name, module in ENGINE_MODULES.items() if importlib.util.find_spec(module) is not None)


def bundle_folder(bundle: str | None) -> Path:
    """The folder of a request's ``bundle``; None = the one that comes with Posewright."""
    return bundles.default_bundle_path() if bundle is None else Path(bundle).expanduser().absolute()


LOADING = 0.5
"""share of a generation's progress that loading takes where it comes first"""


def part(progress: ProgressCall, start: float, end: float) -> ProgressCall:
    """The call for a step that goes from ``start`` to ``end`` of the whole."""
    return lambda stage, fraction: progress(stage, start + (end - start) * min(1.0, max(0.0, fraction)))


def system_loader(device: str = "auto", threads: int | None = None) -> Callable:
    """``load(folder, progress) -> System`` on that device ("auto", "cpu", "cuda", "mps") with that many CPU threads
    (None = the engine's choice). ``progress`` may raise to stop between steps."""

    def load(folder: Path, progress: ProgressCall):
        progress("Checking the bundle", 0.0)
        bundle = bundles.load(folder, lambda fraction: progress("Checking the bundle", 0.2 * fraction))
        here = usable_engines()
        if not set(bundle.engines) & set(here):
            raise EngineError(
                f"bundle {bundle.title} runs on {' or '.join(bundle.engines)}, which this Python does not have"
            )
        progress("Starting the engine", 0.2)
        from .. import engines, systems

        engine = engines.create(bundle, device=device, threads=threads)
        progress("Loading the model", 0.9)
        system = systems.create(bundle, engine)
        progress("Loading the model", 1.0)
        return system

    return load
