"""The VQ-VAE of T2M-GPT's shape that several published files hold, as our ``motion_tokenizer.safetensors``.

Its layers have our names already (papers.md 2.2); what is added is the normalisation it was trained with.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from backend.engines import files
from backend.models.config import VQVAEConfig

from . import manifest
from .rows import Rows, of_width

FILE = files.MOTION_TOKENIZER
FIRST = "encoder.model.0.weight"


def convert(tensors: Mapping[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], VQVAEConfig, Rows]:
    """Tensors without their prefix -> those of our file, its shape, and the rows it reads; ValueError as ``take``."""
    if FIRST not in tensors or tensors[FIRST].ndim != 3:
        raise ValueError(f"tensor {FIRST!r} of shape 512 x 263 x 3 is missing: this is no T2M-GPT tokenizer")
    rows = of_width(tensors[FIRST].shape[1])
    config = VQVAEConfig(input_width=rows.format().width)
    return manifest.take(tensors, published_shapes(config)) | rows.tensors(), config, rows


def published_shapes(config: VQVAEConfig) -> dict[str, tuple[int, ...]]:
    """Of a published file: the normalisation lies in files of its own there."""
    return {name: shape for name, shape in config.tensors().items() if name not in ("mean", "std")}
