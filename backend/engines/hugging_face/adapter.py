"""What was trained on top of a base model, LoRA matrices and the rows of added tokens in PEFT's format, merged into it.

The format's settings are many; those that are read here are named, and a file that needs another one is refused.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from ...bundles.bundle import BundleError, named, shown
from ..files import ADAPTER, ADAPTER_CONFIG

_USED = (
    "r", "lora_alpha", "target_modules", "exclude_modules", "rank_pattern", "alpha_pattern", "fan_in_fan_out",
    "use_rslora", "trainable_token_indices", "ensure_weight_tying",
)  # fmt: skip
# what says nothing about the sums, or only about training
_PASSED_OVER = (
    "auto_mapping", "base_model_name_or_path", "inference_mode", "init_lora_weights", "lora_dropout", "megatron_core",
    "peft_type", "peft_version", "qalora_group_size", "revision", "task_type",
)  # fmt: skip
_NOTHING = (None, False, {}, [], "none")
_WHOLE_EMBEDDING = ".token_adapter.base_layer."


def merged(model: nn.Module, bundle, rows: int) -> nn.Module:
    """``model``, whose embedding has ``rows`` of its own and then those of added tokens, with the adapter of a
    ``Bundle`` merged into its weights. BundleError where the adapter was made for another model."""
    where = named(bundle.path, ADAPTER)
    config = _config(bundle.file(ADAPTER_CONFIG), named(bundle.path, ADAPTER_CONFIG))
    _check_rows(named(bundle.path, ADAPTER_CONFIG), model, rows, config.trainable_token_indices)
    tensors = _tensors(bundle.file(ADAPTER), where)
    try:
        adapted = get_peft_model(model, config)
    except ValueError as error:  # no module of that name
        raise BundleError(f"{where} does not fit a {type(model).__name__}: {str(error)[:150]}") from error
    wanted = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    _compare(where, {n: tuple(t.shape) for n, t in tensors.items()}, {n: tuple(t.shape) for n, t in wanted.items()})
    set_peft_model_state_dict(adapted, tensors)
    return adapted.merge_and_unload()


def _config(path: Path, where: str) -> LoraConfig:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where} is not JSON: {error}") from error
    if not isinstance(found, dict) or found.get("peft_type") != "LORA":
        kind = found.get("peft_type") if isinstance(found, dict) else found
        raise BundleError(f"{where} describes an adapter of the kind {shown(kind)}, accepted is 'LORA'")
    for name, value in found.items():
        if name not in (*_USED, *_PASSED_OVER) and value not in _NOTHING:
            raise BundleError(f"{where}: {shown(name)} is {shown(value)}, which is not done here; it must be left out")
    try:
        return LoraConfig(**{name: found[name] for name in _USED if name in found})
    except (TypeError, ValueError) as error:
        raise BundleError(f"{where} cannot be used: {str(error)[:150]}") from error


def _check_rows(where: str, model: nn.Module, rows: int, indices) -> None:
    """BundleError unless all added tokens, and no others, have rows of their own in the adapter: the rest of them
    would be random."""
    added = list(range(rows, model.get_input_embeddings().num_embeddings))
    layers = 1 if model.config.tie_word_embeddings else 2  # PEFT trains a tied head's rows with the embedding's
    given = indices if isinstance(indices, dict) else {"embedding": indices}
    if not added and not indices:
        return
    if len(given) != layers or any(its != added for its in given.values()):
        raise BundleError(
            f"{where}: 'trainable_token_indices' must name the {len(added)} added tokens, {rows} and on, for "
            f"{'the embedding' if layers == 1 else 'the embedding and the head'}; found {shown(indices)}"
        )


def _tensors(path: Path, where: str) -> dict[str, torch.Tensor]:
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise BundleError(f"{where} is not a safetensors file: {str(error)[:100]}") from error
    # PEFT adds the whole embedding where it was resized; its rows are the base's and those of the added tokens
    tensors = {name: tensor for name, tensor in tensors.items() if _WHOLE_EMBEDDING not in name}
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise BundleError(f"{where}: tensor {name[:100]!r} has values that are not finite (NaN or infinite)")
    return tensors


def _compare(where: str, found: dict[str, tuple], wanted: dict[str, tuple]) -> None:
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name):
            has, needs = (" x ".join(map(str, s[name])) if name in s else "none" for s in (found, wanted))
            raise BundleError(
                f"{where} was made for another base model: tensor {name[:100]!r} has the shape {has}, this base needs "
                f"{needs}"
            )
