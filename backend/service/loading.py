"""From a bundle's folder to a system that can generate. Heavy imports happen here and nowhere earlier."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .. import bundles, engines
from ..protocol import ProgressCall


def bundle_folder(bundle: str | None) -> Path:
    """The folder of a request's ``bundle``; None = the one that comes with Posewright."""
    return bundles.default_bundle_path() if bundle is None else Path(bundle).expanduser().absolute()


LOADING = 0.5
"""share of a generation's progress that loading takes where it comes first"""


def part(progress: ProgressCall, start: float, end: float) -> ProgressCall:
    """The call for a step that goes from ``start`` to ``end`` of the whole."""
    return lambda stage, fraction: progress(stage, start + (end - start) * min(1.0, max(0.0, fraction)))


def system_loader(
    engine: str = "auto",
    device: str = "auto",
    threads: int | None = None,
    remembered: bundles.Remembered | None = None,
    base: Path | None = None,
) -> Callable:
    """``load(folder, progress) -> System`` on that engine (one of ``engines.NAMES``) and device ("auto", "cpu", "cuda",
    "mps") with that many CPU threads (None = the engine's choice). ``base``: the folder of a bundle's base model, None
    to look in the hub's cache. ``progress`` may raise to stop between steps."""

    def load(folder: Path, progress: ProgressCall):
        progress("Checking the bundle", 0.0)
        bundle = bundles.load(folder, lambda fraction: progress("Checking the bundle", 0.2 * fraction), remembered)
        if engines.choose(bundle, engine, device).name == "torch":
            progress("Starting the engine", 0.2)  # seconds, most of them for importing torch
        else:
            progress("Loading the model", 0.2)
        networks = engines.create(bundle, engine, device, threads, base)
        progress("Loading the model", 0.9)
        from .. import systems

        system = systems.create(bundle, networks)
        progress("Loading the model", 1.0)
        return system

    return load
