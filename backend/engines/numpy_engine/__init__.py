"""The engine on numpy alone: what Blender's own Python can run, on any system, straight from the zip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..batching import check_length, check_tokens, distinct, too_many
from ..byte_bpe import ByteBPE
from ..files import LANGUAGE_MODEL, MOTION_TOKENIZER, TEXT_TOKENIZER
from ..fitting import check_normalisation, check_text_tokens, configs
from ..tensor_file import read
from .cache import Cache
from .language_model import LanguageModel
from .motion_tokenizer import MotionTokenizer


@dataclass
class State:
    """The attention cache of a batch of rows, the place of each row's next token, the rows of the output layer that are
    wanted, and how many steps are possible still."""

    cache: Cache
    next: np.ndarray
    head: np.ndarray
    left: int


class NumpyEngine:
    """Loads a bundle's networks; see ``base.Engine`` for the methods. fp16 or int8 on disk, float32 in use."""

    name = "numpy"
    device = "cpu"

    def __init__(self, bundle):
        vocabulary, motion, language = configs(bundle)
        self._words = ByteBPE.from_file(bundle.file(TEXT_TOKENIZER))
        self.text = check_text_tokens(bundle, self._words.ids, vocabulary)
        self._language = LanguageModel(language, read(bundle.file(LANGUAGE_MODEL), language.tensors()))
        self.longest = language.positions
        tensors = read(bundle.file(MOTION_TOKENIZER), motion.tensors())
        check_normalisation(bundle, tensors["mean"], tensors["std"])
        self._motion = MotionTokenizer(motion, tensors)

    def encode_text(self, text: str) -> list[int]:
        return self._words.encode(text)

    def decode_text(self, ids: list[int]) -> str:
        return self._words.decode(ids)

    def spelled(self, characters: str) -> list[int]:
        return self._words.spelled(characters)

    def start(self, prompts: list[list[int]], tokens: np.ndarray, steps: int) -> tuple[np.ndarray, State]:
        head = self._language.head(np.asarray(tokens, np.int64))
        # each distinct prompt is run once, its cache then copied to its takes
        read, places, rows = distinct(prompts)
        check_tokens(read, self._language.config.size)
        length = read.shape[1]
        check_length(length, steps, self.longest)
        try:
            cache = Cache(self._language.config, len(read), length)
            logits = self._language.extend(read, places, cache, head)
            cache = cache.take(rows, length + steps)
        except MemoryError as error:
            raise too_many(len(rows), length + steps, "memory") from error
        return logits[rows], State(cache, places[rows, -1] + 1, head, steps)

    def step(self, state: State, tokens: np.ndarray) -> np.ndarray:
        if not state.left:
            raise ValueError("no place is left in the cache: start with more steps")
        tokens = np.asarray(tokens, np.int64)
        check_tokens(tokens, self._language.config.size)
        logits = self._language.extend(tokens[:, None], state.next[:, None], state.cache, state.head)
        state.next += 1
        state.left -= 1
        return logits

    def decode(self, *codes: np.ndarray) -> np.ndarray:
        return self._motion.decode(*map(np.asarray, codes))

    def encode(self, features: np.ndarray) -> tuple[np.ndarray, ...]:
        return self._motion.encode(np.asarray(features, np.float32))
