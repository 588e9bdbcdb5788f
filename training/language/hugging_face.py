"""A base of another house as a network to train: by low-rank adapters, its own weights frozen, or whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import torch
from peft import get_peft_model_state_dict, set_peft_model_state_dict
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, PretrainedConfig, PreTrainedModel

from backend.engines import base_files, base_model
from backend.engines.base_model import BaseModel

from . import lora as adapters
from .examples import IGNORED, Batch
from .lora import LoRA
from .quiet import quiet

ADAPTER_CONFIG = "adapter_config.json"
LONGEST = 2048
"""tokens of a row; motions stay far below, plain text is cut there"""


def folder_of(base: str, revision: str) -> Path:
    """Where a base lies that is named by its folder or its id on the hub; ValueError says how to get one."""
    if Path(base).is_dir():
        return Path(base)
    found = base_model.find(base, revision)
    if found is None:
        at = f" --revision {revision}" if revision else ""
        raise ValueError(f"'base': there is no folder {base}, nor is it on this machine; hf download {base}{at}")
    return found


def loaded(folder: Path, dtype: torch.dtype) -> PreTrainedModel:
    """The base's network; only its safetensors are read, no code of its own is run."""
    base_files.weight_files(folder)
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    with quiet():
        return kind.from_pretrained(
            folder, config=config, dtype=dtype, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )


class OnBase(nn.Module):
    """The base in ``folder`` with ``added`` rows. ``lora`` None trains all weights. ``half``: a frozen base is held in
    bfloat16. (``models`` says what networks have in common.)"""

    def __init__(self, folder: Path, about: BaseModel, added: int, lora: LoRA | None, half: bool):
        super().__init__()
        self.about, self.added, self.lora = about, added, lora
        model = loaded(folder, torch.bfloat16 if half and lora else torch.float32)
        if lora and added and model.config.is_encoder_decoder:
            raise ValueError(
                f"{about.title} is an encoder-decoder, whose two halves share the embedding in a way that adapters of "
                "its rows cannot follow: train it whole ('lora': null), as the paper does"
            )
        adapters.grown(model, about.rows, added)
        self.config, self.blocks = model.config, _blocks(model)
        with quiet():
            self.model = adapters.adapted(model, lora, about.rows, added) if lora else model
        for parameter in self.model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.float()

    def forward(self, batch: Batch) -> torch.Tensor:
        if self.two_sided:
            inputs, wanted = _two_sided(batch, self.config)
        else:
            inputs, wanted = {"input_ids": batch.ids}, batch.targets != IGNORED
        with _only(self.model.get_output_embeddings(), wanted):
            return self.model(**inputs, use_cache=False).logits

    @property
    def base(self) -> dict:
        return self.about.to_dict()

    @property
    def two_sided(self) -> bool:
        return self.config.is_encoder_decoder

    @property
    def longest(self) -> int:
        return min(LONGEST, getattr(self.config, "max_position_embeddings", LONGEST))

    @property
    def identity(self) -> dict:
        return self.base | {"added": self.added, "lora": asdict(self.lora) if self.lora else None}

    def named(self, weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Adapters as PEFT names them; all weights as the base does, each once."""
        own = {name.removeprefix("model."): weight for name, weight in weights.items()}
        if self.lora:
            return get_peft_model_state_dict(self.model, state_dict=own, save_embedding_layers=False)
        return {name: own[name] for name, _ in self.model.named_parameters()}

    def take(self, kept: Mapping[str, torch.Tensor]) -> None:
        """The weights that ``named`` gave; RuntimeError where they are of another shape."""
        if self.lora:
            missing = set(get_peft_model_state_dict(self.model, save_embedding_layers=False)) ^ set(kept)
            if missing:
                raise RuntimeError(f"other adapters: {', '.join(sorted(missing)[:4])}")
            set_peft_model_state_dict(self.model, dict(kept))
        else:
            self.model.load_state_dict(dict(kept), strict=False)

    @property
    def settings(self) -> dict[str, bytes]:
        """Files that say what the weights are, by name."""
        if not self.lora:
            return {base_files.CONFIG: self.config.to_json_string().encode()}
        config = self.model.peft_config["default"].to_dict() | {
            "base_model_name_or_path": self.about.id, "revision": self.about.revision or None, "inference_mode": True,
        }  # fmt: skip
        plain = {name: sorted(value) if isinstance(value, set) else value for name, value in config.items()}
        return {ADAPTER_CONFIG: json.dumps(plain, indent=1).encode()}


def _blocks(model: PreTrainedModel) -> list[nn.Module]:
    """The transformer blocks: what the model itself says must not be split."""
    names = set(model._no_split_modules or ())
    return [module for module in model.modules() if type(module).__name__ in names]


@contextmanager
def _only(head: nn.Module, wanted: torch.Tensor) -> Iterator[None]:
    """While it lasts, the head computes logits at the wanted places (B, L) alone, one row each. What a model does to
    states before its head, or to logits behind it, stays as it is."""
    handle = head.register_forward_pre_hook(lambda _, inputs: (inputs[0][wanted], *inputs[1:]))
    try:
        yield
    finally:
        handle.remove()


def _two_sided(batch: Batch, config: PretrainedConfig) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """What the encoder reads (the prompt) and what the decoder has written so far, and where that has a target."""
    lengths = (batch.targets != IGNORED).cumsum(1).argmax(1) + 1
    places = torch.arange(batch.ids.shape[1], device=batch.ids.device)
    width = int((lengths - batch.borders).max()) + 1
    # the decoder's place j follows the answer's first j tokens; place 0 its own start token
    source = (batch.borders - 1)[:, None] + places[:width]
    inside = source < lengths[:, None]
    source = source.clamp(max=batch.ids.shape[1] - 1)
    written = batch.ids.gather(1, source)
    written[:, 0] = config.decoder_start_token_id
    wanted = inside & (batch.targets.gather(1, source) != IGNORED)
    read = int(batch.borders.max())
    mask = (places[:read] < batch.borders[:, None]).long()
    return {"input_ids": batch.ids[:, :read], "attention_mask": mask, "decoder_input_ids": written}, wanted
