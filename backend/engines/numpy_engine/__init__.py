"""The engine on numpy alone: what Blender's own Python can run, on any system, straight from the zip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..batching import distinct
from ..byte_bpe import ByteBPE
from ..files import LANGUAGE_MODEL, MOTION_TOKENIZER, TEXT_TOKENIZER
from ..fitting import check_normalisation, check_text_tokens, configs
from ..tensor_file import read
from .language_model import Cache, LanguageModel
from .motion_tokenizer import MotionTokenizer


@dataclass
class State:
    """The attention cache of a batch of rows, and the place of each row's next token."""

    cache: Cache
    next: np.ndarray


class NumpyEngine:
    """Loads a bundle's networks; see ``base.Engine`` for the methods. fp16 or int8 on disk, float32 in use."""

    name = "numpy"
    device = "cpu"

    def __init__(self, bundle):
        language, motion = configs(bundle)
        self._text = ByteBPE.from_file(bundle.file(TEXT_TOKENIZER))
        check_text_tokens(bundle, self._text.ids, language)
        self._language = LanguageModel(language, read(bundle.file(LANGUAGE_MODEL), language.tensors()))
        tensors = read(bundle.file(MOTION_TOKENIZER), motion.tensors())
        check_normalisation(bundle, tensors["mean"], tensors["std"])
        self._motion = MotionTokenizer(motion, tensors)

    def encode_text(self, text: str) -> list[int]:
        return self._text.encode(text)

    def start(self, prompts: list[list[int]]) -> tuple[np.ndarray, State]:
        # each distinct prompt is run once, its cache then copied to its takes
        tokens, places, rows = distinct(prompts)
        cache = Cache(self._language.config, len(tokens))
        logits = self._language.extend(tokens, places, cache)
        return logits[rows], State(cache.take(rows), places[rows, -1] + 1)

    def step(self, state: State, tokens: np.ndarray) -> np.ndarray:
        logits = self._language.extend(np.asarray(tokens)[:, None], state.next[:, None], state.cache)
        state.next += 1
        return logits

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return self._motion.decode(np.asarray(codes))

    def encode(self, features: np.ndarray) -> np.ndarray:
        return self._motion.encode(np.asarray(features, np.float32))
