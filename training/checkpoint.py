"""Files a training run leaves behind, each written to a temporary name and renamed: a killed run loses no file.

``trainer.pt``: everything a run needs to go on exactly where it was (own files only, read with ``weights_only``).
``weights.safetensors`` with ``weights.json``: the averaged weights, for evaluation and export.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

TRAINER = "trainer.pt"
WEIGHTS = "weights.safetensors"
META = "weights.json"


def _replace(path: Path, write) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def save_weights(folder: Path, tensors: dict[str, torch.Tensor], meta: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    _replace(folder / WEIGHTS, lambda p: save_file(tensors, p))
    _replace(folder / META, lambda p: p.write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8"))


def load_weights(folder: Path) -> tuple[dict[str, torch.Tensor], dict]:
    """Tensors and meta of ``save_weights``; FileNotFoundError names the file that is missing."""
    folder = Path(folder)
    return load_file(folder / WEIGHTS), json.loads((folder / META).read_text(encoding="utf-8"))


def save_trainer(folder: Path, state: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / TRAINER, lambda p: torch.save(state, p))


def load_trainer(folder: Path) -> dict | None:
    """The state to resume from, or None where no run was saved."""
    path = Path(folder) / TRAINER
    return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None


def random_state() -> dict:
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def restore_random_state(state: dict) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])


def averaging(decay: float, steps: int) -> float:
    """Decay of an average after so many steps: a young one follows quickly, or it would keep the random start."""
    return min(decay, (1 + steps) / (10 + steps))


class AveragedWeights:
    """Exponential average of a module's parameters; buffers (the codebook, itself an average) are copied."""

    def __init__(self, module: torch.nn.Module, decay: float):
        self.decay = decay
        self.tensors = {k: v.detach().clone() for k, v in module.state_dict().items()}
        self.steps = 0

    @torch.no_grad()
    def update(self, module: torch.nn.Module) -> None:
        self.steps += 1
        decay = averaging(self.decay, self.steps)
        parameters = dict(module.named_parameters())
        ours, theirs = [], []
        for name, value in module.state_dict().items():
            if name in parameters:
                ours.append(self.tensors[name])
                theirs.append(value)
            else:
                self.tensors[name].copy_(value)
        torch._foreach_lerp_(ours, theirs, 1 - decay)

    def state_dict(self) -> dict:
        return {"tensors": self.tensors, "steps": self.steps}

    def load_state_dict(self, state: dict) -> None:
        self.steps = int(state["steps"])
        for name, value in state["tensors"].items():
            self.tensors[name].copy_(value)
