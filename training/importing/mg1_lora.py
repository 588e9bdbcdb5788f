"""MotionGPT 1's LoRA (``pretrained.pth``) on LLaMA-1, from lit-llama's layout to PEFT's (papers.md 3.3).

lit-llama has query, key and value in one matrix and one LoRA pair for its query and value thirds: the first half of
``lora_A`` and of ``lora_B`` is the query's. Its positions turn neighbouring rows of a head, those of transformers rows
that are half a head apart; the query's rows are put in that order, as those of the base were when it was converted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from . import guarded, manifest
from .imported import Imported, Kind

ADAPTER, CONFIG = "adapter_model.safetensors", "adapter_config.json"
FIRST = "transformer.h.0.attn.c_attn.lora_A"
CODE_WIDTH = 512
"""of the two projections that the published forward pass never uses"""
LICENCE = (
    "none is stated; the base, Meta's LLaMA-1, is given out on request for non-commercial research; weights trained on "
    "HumanML3D or KIT-ML inherit the research and non-commercial conditions of their data"
)
EPSILON_NOTE = (
    "trained in lit-llama, whose RMSNorm adds 1e-5; LLaMA-1 as transformers loads it says 1e-6: "
    "set rms_norm_eps of the base to 1e-5 to reproduce the published model"
)


@dataclass(frozen=True)
class Base:
    """A LLaMA-1 that the LoRA can be for."""

    name: str
    hub: str
    """its conversion for transformers"""
    width: int
    layers: int
    heads: int
    rank: int = 64
    alpha: int = 16

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the LoRA in lit-llama's layout, without the unused projections."""
        pair = {"lora_A": (2 * self.rank, self.width), "lora_B": (2 * self.width, self.rank)}
        return {
            f"transformer.h.{i}.attn.c_attn.{name}": shape for i in range(self.layers) for name, shape in pair.items()
        }

    def unused(self) -> dict[str, tuple[int, ...]]:
        shapes = {"llama_proj": (self.width, CODE_WIDTH), "motion_proj": (CODE_WIDTH, self.width)}
        return {f"{name}.weight": shape for name, shape in shapes.items()} | {
            f"{name}.bias": shape[:1] for name, shape in shapes.items()
        }


BASES = (
    Base("LLaMA-7B", "huggyllama/llama-7b", 4096, 32, 32),
    Base("LLaMA-13B", "huggyllama/llama-13b", 5120, 40, 40),
)


def convert(found: Mapping, bases: Sequence[Base] = BASES) -> Imported:
    """From ``{"transformer.h.….lora_A": tensor, …}``; ValueError says what does not fit."""
    tensors = guarded.tensors(found, "the file")
    base = _base(tensors, bases)
    left_out = {name: tensors[name] for name in base.unused() if name in tensors}
    taken = manifest.take({name: value for name, value in tensors.items() if name not in left_out}, base.tensors())
    return Imported(
        {ADAPTER: _adapter(taken, base)},
        licence=LICENCE,
        facts={"base_model": {"name": base.name, "hub": base.hub, "rms_norm_eps": 1e-5, "note": EPSILON_NOTE}},
        documents={CONFIG: _config(base)},
        left_out=tuple(f"{name} ({manifest.shown(value.shape)})" for name, value in left_out.items()),
    )


def half_split(rows: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows (d, …) of a query or key matrix, within each head from 0 1 2 3 … to 0 2 4 … 1 3 5 …"""
    pairs = rows.reshape(heads, -1, 2, *rows.shape[1:])
    return pairs.transpose(1, 2).reshape(rows.shape)


def _base(tensors: Mapping[str, torch.Tensor], bases: Sequence[Base]) -> Base:
    """The one whose width and rank the first matrix has."""
    if FIRST not in tensors:
        raise ValueError(f"tensor {FIRST!r} is missing: this is no LoRA of lit-llama's layout")
    shape = tuple(tensors[FIRST].shape)
    for base in bases:
        if shape == base.tensors()[FIRST]:
            return base
    known = ", ".join(f"{manifest.shown(base.tensors()[FIRST])} ({base.name})" for base in bases)
    raise ValueError(f"tensor {FIRST!r} has shape {manifest.shown(shape)}, published are {known}")


def _adapter(tensors: Mapping[str, torch.Tensor], base: Base) -> dict[str, torch.Tensor]:
    """PEFT's four tensors a layer."""
    adapter = {}
    for i in range(base.layers):
        a, b = (tensors[f"transformer.h.{i}.attn.c_attn.lora_{half}"] for half in "AB")
        parts = {
            "q_proj.lora_A": a[: base.rank],
            "q_proj.lora_B": half_split(b[: base.width], base.heads),
            "v_proj.lora_A": a[base.rank :],
            "v_proj.lora_B": b[base.width :],
        }
        where = f"base_model.model.model.layers.{i}.self_attn"
        adapter |= {f"{where}.{name}.weight": part.clone() for name, part in parts.items()}
    return adapter


def _config(base: Base) -> dict:
    """As PEFT reads it."""
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base.hub,
        "r": base.rank,
        "lora_alpha": base.alpha,
        "lora_dropout": 0.05,
        "target_modules": ["q_proj", "v_proj"],
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
    }


def recognises(found: Mapping) -> bool:
    return FIRST in found


KIND = Kind(2**30, (ADAPTER, CONFIG), convert, recognises)
