"""The engine on PyTorch: CPU, CUDA (and ROCm under its name) or MPS. Weights are read from safetensors only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..models.config import LanguageModelConfig
from ..models.language_model import LanguageModel
from ..models.part_vqvae import motion_tokenizer
from ..systems.vocabulary import Vocabulary
from .byte_bpe import ByteBPE
from .choosing import EngineError
from .files import LANGUAGE_MODEL, MOTION_TOKENIZER, TEXT_TOKENIZER
from .fitting import check_normalisation, check_text_tokens, configs
from .memory import room_for_rows
from .tensor_file import read
from .torch_decoding import Decoder

UNBOUNDED = 2**20
"""tokens of a model that knows no limit"""


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


def _small(bundle, vocabulary: Vocabulary, config: LanguageModelConfig, dtype: torch.dtype, device: torch.device):
    """The text tokenizer, its control tokens and the language model of a small bundle."""
    words = ByteBPE.from_file(bundle.file(TEXT_TOKENIZER))
    text = check_text_tokens(bundle, words.ids, vocabulary)
    tensors = _tensors(bundle.file(LANGUAGE_MODEL), config.tensors())  # before the network takes memory
    model = LanguageModel(config)
    model.load_weights(tensors)
    return words, text, Decoder(model.gpt.to(device, dtype))


class TorchEngine:
    """Loads a bundle's networks; see ``base.Engine`` for the methods. float32 in use, bfloat16 for the language model
    on CUDA. ``base``: the folder of the base model, for a bundle that was trained on one (None: the hub's cache)."""

    name = "torch"

    def __init__(self, bundle, device: str = "auto", threads: int | None = None, base: Path | None = None):
        self._device = choose_device(device)
        self.device = str(self._device)
        if threads is not None:
            torch.set_num_threads(max(1, int(threads)))
        dtype = torch.bfloat16 if self._device.type == "cuda" else torch.float32

        vocabulary, motion, language = configs(bundle)
        if language is None:
            from . import hugging_face

            parts = hugging_face.load(bundle, vocabulary, base, dtype, self._device)
        else:
            parts = _small(bundle, vocabulary, language, dtype, self._device)
        self._words, self.text, self._language = parts
        self.longest = min(self._language.longest, UNBOUNDED)

        tensors = _tensors(bundle.file(MOTION_TOKENIZER), motion.tensors())
        mean, std = tensors.pop("mean"), tensors.pop("std")
        check_normalisation(bundle, mean.numpy(), std.numpy())
        self._mean, self._std = mean.to(self._device), std.to(self._device)
        self._motion = motion_tokenizer(motion)
        self._motion.load_state_dict(tensors)
        self._motion.to(self._device).eval()

    def encode_text(self, text: str) -> list[int]:
        return self._words.encode(text)

    def decode_text(self, ids: list[int]) -> str:
        return self._words.decode(ids)

    def spelled(self, characters: str) -> list[int]:
        return self._words.spelled(characters)

    def start(self, prompts: list[list[int]], tokens: np.ndarray, steps: int) -> tuple[np.ndarray, Any]:
        with room_for_rows(len(prompts), max(map(len, prompts), default=0) + steps, self._device):
            return self._language.start(prompts, np.asarray(tokens, np.int64).tolist(), steps)

    def step(self, state: Any, tokens: np.ndarray) -> np.ndarray:
        return self._language.step(state, tokens)

    @torch.inference_mode()
    def decode(self, *codes: np.ndarray) -> np.ndarray:
        codes = [torch.as_tensor(np.asarray(its, np.int64), device=self._device) for its in codes]
        return (self._motion.decode(*codes) * self._std + self._mean).cpu().numpy()

    @torch.inference_mode()
    def encode(self, features: np.ndarray) -> tuple[np.ndarray, ...]:
        features = torch.as_tensor(np.asarray(features, np.float32), device=self._device)
        codes = self._motion.encode((features - self._mean) / self._std)
        return tuple(its.cpu().numpy() for its in (codes if isinstance(codes, tuple) else (codes,)))
