"""A Hugging Face model from a folder on this machine: safetensors only, no code that comes with it, nothing fetched."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

from ...bundles.bundle import BundleError
from .. import base_files


def load(folder: Path, dtype: torch.dtype, device: torch.device, overrides: Mapping[str, float]) -> nn.Module:
    """The model in ``folder`` in ``dtype`` on ``device``, its config with ``overrides``; BundleError where transformers
    does not know it or its files do not belong together."""
    base_files.config(folder)
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        config = AutoConfig.from_pretrained(folder, **local, **overrides)
        kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        model, told = kind.from_pretrained(
            folder, config=config, dtype=dtype, use_safetensors=True, output_loading_info=True, **local
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise BundleError(f"the model in {folder} cannot be loaded: {' '.join(str(error).split())[:200]}") from error
    lacking = sorted(map(str, (*told["missing_keys"], *told["mismatched_keys"])))
    if lacking:
        raise BundleError(
            f"the model in {folder} lacks the weights of {lacking[0][:100]}, one of {len(lacking)}: config.json and "
            "the weights are of different models"
        )
    return model.to(device)


def grow(model: nn.Module, size: int) -> None:
    """Give the embedding and the head ``size`` rows; what is in the new ones is not told.

    Whether the head is the embedding is asked of the weights: transformers calls T5's tied whatever it loaded, and
    growing it would throw a head of its own away.
    """
    said = model.config.tie_word_embeddings
    model.config.tie_word_embeddings = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    model.resize_token_embeddings(size, mean_resizing=False)
    model.config.tie_word_embeddings = said


def count(folder: Path) -> int:
    """How many weights the files in ``folder`` hold, read from their headers."""
    total = 0
    for path in base_files.weight_files(folder):
        try:
            with safe_open(path, framework="pt") as file:
                total += sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
        except SafetensorError as error:
            raise BundleError(f"{path} is not a safetensors file: {str(error)[:100]}") from error
    return total
