"""MotionGPT 1's LoRA (``pretrained.pth``) on LLaMA-1, from lit-llama's layout to PEFT's (papers.md 3.3).

lit-llama has query, key and value in one matrix and one LoRA pair for its query and value thirds: the first half of
``lora_A`` and of ``lora_B`` is the query's. Its positions turn neighbouring rows of a head, those of transformers rows
that are half a head apart; the query's rows are put in that order, as those of the base were when it was converted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from backend import bundles
from backend.engines.files import ADAPTER, ADAPTER_CONFIG, MOTION_TOKENIZER
from backend.models.config import VQVAEConfig
from backend.systems import prompts
from backend.systems.vocabulary import Vocabulary

from ..exporting.bundle_json import bundle_json
from . import guarded, manifest, rows
from .imported import Imported, Kind, Options, about
from .llama1 import BASES, Base

FIRST = "transformer.h.0.attn.c_attn.lora_A"
CODES = 512
LICENCE = (
    "none is stated; the base, Meta's LLaMA-1, is given out on request for non-commercial research; weights trained on "
    "HumanML3D or KIT-ML inherit the research and non-commercial conditions of their data"
)
OVERRIDES = {"rms_norm_eps": 1e-5}
NOTE = (
    "Trained in lit-llama, whose RMSNorm adds 1e-5; LLaMA-1 as transformers loads it says 1e-6, so the engine sets "
    "rms_norm_eps of the base to 1e-5. Which files of LLaMA-1 it was trained on is not known: the base is not checked"
)
TEXT = {"sha256": "", "bos": 1, "eos": 2, "pad": 0}
"""LLaMA's; its file lies with the base and is not checked either"""
SAMPLING = {"temperature": 0.8, "top_k": 200, "guidance": 1.0}
"""as published"""


def convert(found: Mapping, options: Options, bases: Sequence[Base] = BASES) -> Imported:
    """From ``{"transformer.h.….lora_A": tensor, …}``; ValueError says what does not fit."""
    tensors = guarded.tensors(found, "the file")
    base = _base(tensors, bases)
    left_out = {name: tensors[name] for name in base.unused() if name in tensors}
    taken = manifest.take({name: value for name, value in tensors.items() if name not in left_out}, base.tensors())
    vq, motion, read = _motion_tokenizer(options.tokenizer_bundle)
    asked = prompts.load("alpaca_digits")
    said = {
        "vocabulary": Vocabulary(base.words).to_dict(), "text_tokenizer": TEXT, "sampling": SAMPLING,
        "base_model": {
            "id": base.hub, "revision": "", "fingerprint": "", "architecture": "LlamaForCausalLM",
            "rows": base.words, "overrides": OVERRIDES,
        },
    }  # fmt: skip
    return Imported(
        {ADAPTER: _adapter(taken, base)},
        licence=LICENCE,
        features=read.facts(),
        left_out=tuple(f"{name} ({manifest.shown(value.shape)})" for name, value in left_out.items()),
        documents={ADAPTER_CONFIG: _config(base)},
        copied={MOTION_TOKENIZER: vq.file(MOTION_TOKENIZER), prompts.FILE: asked.source},
        bundle=bundle_json(
            about(f"motiongpt-{base.name.lower()}", LICENCE, read.data), motion, read.facts(), ["torch"], asked,
            list(asked.tasks), said,
        ),
        note=NOTE,
    )  # fmt: skip


def _motion_tokenizer(folder: Path) -> tuple[bundles.Bundle, VQVAEConfig, rows.Rows]:
    """The bundle, its tokenizer's shape and the rows it reads; ValueError unless it is a published one."""
    vq = bundles.load(folder)
    motion = VQVAEConfig.from_dict(vq.config.get("motion_tokenizer"))
    read = rows.of_width(motion.input_width)
    if motion.codes != CODES or vq.features.get("fingerprint") != read.scale().fingerprint:
        raise ValueError(f"bundle {vq.name} is no import of --kind t2mgpt-vq: the LoRA writes the codes of one")
    return vq, motion, read


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


KIND = Kind(
    2**30,
    convert,
    recognises,
    {
        "tokenizer_bundle": "the motion tokenizer whose codes it writes: "
        "python -m training import t2m.pth --kind t2mgpt-vq --out DIR"
    },
)
