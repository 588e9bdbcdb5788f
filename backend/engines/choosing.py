"""Which engine runs a bundle: decided from files alone, so that asking costs nothing and imports nothing."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from ..bundles.bundle import BundleError
from .files import ADAPTER

NAMES = ("auto", "numpy", "torch")
SMALL_BYTES = 64 * 2**20
"""up to here numpy beats the seconds that importing torch takes; above, torch's kernels win"""
TORCH_NEEDS = ("torch", "transformers", "tokenizers")
ADAPTER_NEEDS = (*TORCH_NEEDS, "peft")
"""for a bundle that was trained on top of a base model"""
TORCH_INSTALL = "about 0.3 GB to download and 1.2 GB on disk for the processor, several GB with CUDA"


class EngineError(ValueError):
    """A bundle that no engine here can run, or not on that device: what is missing. Blender and the command line each
    add what to do (``service.server``, ``cli``)."""


@dataclass(frozen=True)
class Choice:
    """An engine's name, and in a few words why it was taken."""

    name: str
    why: str


def usable() -> tuple[str, ...]:
    """The engines that this Python can run, best for a small bundle first."""
    return ("numpy",) if _lacking() else ("numpy", "torch")


def choose(bundle, engine: str = "auto", device: str = "auto") -> Choice:
    """The engine for ``bundle`` (bundles.Bundle); ``engine`` and ``device`` as the user wants them. EngineError when
    what is wanted, or all that the bundle can run on, is not here; BundleError when it has no task or names no engine
    of ours."""
    if engine not in NAMES:
        raise EngineError(f"there is no engine {engine!r}; there are {', '.join(NAMES)}")
    if not bundle.tasks:
        raise BundleError(f"bundle {bundle.name} has no task: it holds a motion tokenizer, which others are trained on")
    runs = [name for name in bundle.engines if name in NAMES]
    if "base_model" in bundle.config:
        runs = ["torch"]  # whatever it says: no other engine knows the networks of other houses
    if not runs:
        raise BundleError(
            f"bundle {bundle.name} runs on {', '.join(bundle.engines)}; this version has {', '.join(NAMES[1:])}"
        )
    if engine != "auto" and engine not in runs:
        raise EngineError(f"bundle {bundle.name} runs on {' or '.join(runs)}, not on {engine}{_price(runs)}")
    if engine == "numpy" and device not in ("auto", "cpu"):
        raise EngineError(f"the numpy engine runs on the processor, not on device {device!r}")
    wanted, why = _preferred(bundle, runs, engine, device)
    lacking = _lacking(ADAPTER_NEEDS if ADAPTER in bundle.files else TORCH_NEEDS)
    if wanted == "torch" and lacking:
        how = _price(["torch"]) or f"; pip install {' '.join(lacking)}"
        raise EngineError(f"{why}, and this Python ({sys.executable}) lacks {', '.join(lacking)}{how}")
    return Choice(wanted, why)


def _preferred(bundle, runs: list[str], engine: str, device: str) -> tuple[str, str]:
    """The engine, and the clause that says why."""
    if engine != "auto":
        return engine, f"the {engine} engine was asked for"
    if "numpy" not in runs:
        return "torch", f"bundle {bundle.name} runs on torch only"
    if device not in ("auto", "cpu"):
        if "torch" not in runs:
            raise EngineError(f"bundle {bundle.name} runs on the processor alone, not on device {device!r}")
        return "torch", f"device {device!r} needs the torch engine"
    if "torch" not in runs or _lacking():
        return "numpy", "works from the zip alone"
    if device == "auto" and _gpu_for_torch():
        return "torch", "a GPU is there"
    if sum(file.bytes for file in bundle.files.values()) > SMALL_BYTES:
        return "torch", "the bundle is big"
    return "numpy", "the bundle is small and no GPU is used"


def _price(runs: list[str]) -> str:
    """What it takes to run a bundle that needs torch, where torch is missing."""
    return f"; installing it takes {TORCH_INSTALL}" if runs == ["torch"] and "torch" in _lacking() else ""


def _lacking(needs: tuple[str, ...] = TORCH_NEEDS) -> list[str]:
    """The packages among ``needs`` that this Python has not, found without importing any."""
    # what an uninstall left behind is a package without a file
    found = {name: importlib.util.find_spec(name) for name in needs}
    return [name for name, spec in found.items() if spec is None or spec.origin is None]


def _gpu_for_torch() -> bool:
    """Whether the installed torch was built for NVIDIA's or AMD's GPUs and the system shows one. A false alarm costs
    the import of torch, which then takes the processor."""
    libraries = Path(importlib.util.find_spec("torch").origin).parent / "lib"
    return any(any(libraries.glob(f"*torch_{kind}.*")) for kind in ("cuda", "hip")) and _gpu_there()


def _gpu_there() -> bool:
    if sys.platform == "win32":
        system = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32")
        return any((system / name).exists() for name in ("nvcuda.dll", "amdhip64.dll"))
    nodes = [*Path("/dev").glob("nvidia[0-9]*"), Path("/dev/kfd"), Path("/dev/dxg")]  # dxg: WSL
    return any(node.exists() for node in nodes)
