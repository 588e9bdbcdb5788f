"""The engine on PyTorch: CPU, CUDA (and ROCm under its name) or MPS. Weights are read from safetensors only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import DynamicCache

from ..bundles.bundle import BundleError, named
from ..models.language_model import LanguageModel
from ..models.vqvae import VQVAE
from .batching import distinct
from .choosing import EngineError
from .files import LANGUAGE_MODEL, MOTION_TOKENIZER, TEXT_TOKENIZER
from .fitting import check_normalisation, check_text_tokens, configs
from .tensor_file import read


@dataclass
class State:
    """The attention cache of a batch of rows and which of its places are real (False: padded on the left)."""

    cache: DynamicCache
    mask: torch.Tensor


def choose_device(wanted: str) -> torch.device:
    """ "auto" takes CUDA, then MPS, then the CPU; EngineError where the wanted one is not there."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if there[name]))
    if not there.get(wanted.split(":")[0], False):
        offered = ", ".join(["auto", *(name for name in there if there[name])])
        raise EngineError(f"device {wanted!r} is not there; this Python's torch offers: {offered}")
    return torch.device(wanted)


def _tensors(path: Path, shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in read(path, shapes).items()}


def _text_tokenizer(path: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing more special
        raise BundleError(f"{named(path.parent, path.name)} is not a usable text tokenizer: {error}") from error
    tokenizer.encode_special_tokens = True  # "<motion>" in a prompt is text like any other
    return tokenizer


class TorchEngine:
    """Loads a bundle's networks; see ``base.Engine`` for the methods. fp16 or int8 on disk, float32 in use (bfloat16
    for the language model on CUDA)."""

    name = "torch"

    def __init__(self, bundle, device: str = "auto", threads: int | None = None):
        self._device = choose_device(device)
        self.device = str(self._device)
        if threads is not None:
            torch.set_num_threads(max(1, int(threads)))
        self._dtype = torch.bfloat16 if self._device.type == "cuda" else torch.float32

        language, motion = configs(bundle)
        self._text = _text_tokenizer(bundle.file(TEXT_TOKENIZER))
        check_text_tokens(bundle, self._text.get_vocab(), language)

        tensors = _tensors(bundle.file(LANGUAGE_MODEL), language.tensors())
        self._language = LanguageModel(language)
        self._language.load_weights(tensors)
        self._language.to(self._device, self._dtype).eval()

        tensors = _tensors(bundle.file(MOTION_TOKENIZER), motion.tensors())
        mean, std = tensors.pop("mean"), tensors.pop("std")
        check_normalisation(bundle, mean.numpy(), std.numpy())
        self._mean, self._std = mean.to(self._device), std.to(self._device)
        self._motion = VQVAE(motion)
        self._motion.load_state_dict(tensors)
        self._motion.to(self._device).eval()

    def encode_text(self, text: str) -> list[int]:
        return self._text.encode(text, add_special_tokens=False).ids

    @torch.inference_mode()
    def start(self, prompts: list[list[int]]) -> tuple[np.ndarray, State]:
        # each distinct prompt is run once, its cache then copied to its takes
        tokens, places, rows = (torch.from_numpy(a).to(self._device) for a in distinct(prompts))
        mask = places >= 0
        cache = DynamicCache()
        logits = self._language.extend(tokens, mask, cache)
        if len(rows) != len(tokens):
            cache.batch_select_indices(rows)
        return logits[rows].float().cpu().numpy(), State(cache, mask[rows])

    @torch.inference_mode()
    def step(self, state: State, tokens: np.ndarray) -> np.ndarray:
        tokens = torch.as_tensor(np.asarray(tokens, np.int64), device=self._device)[:, None]
        state.mask = torch.cat([state.mask, torch.ones_like(tokens, dtype=torch.bool)], 1)
        return self._language.extend(tokens, state.mask, state.cache).float().cpu().numpy()

    @torch.inference_mode()
    def decode(self, codes: np.ndarray) -> np.ndarray:
        codes = torch.as_tensor(np.asarray(codes, np.int64), device=self._device)
        return (self._motion.decode(codes) * self._std + self._mean).cpu().numpy()

    @torch.inference_mode()
    def encode(self, features: np.ndarray) -> np.ndarray:
        features = torch.as_tensor(np.asarray(features, np.float32), device=self._device)
        return self._motion.encode((features - self._mean) / self._std).cpu().numpy()
