"""Who answers: a bundle, or in tests somebody who knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from backend.motion.features.codec import Codec
from backend.motion.motion import Motion
from backend.systems.prompts import Fields

STREAM = "motion"
"""the one that is measured; bundles of body and hands have two others"""


class Answers(Protocol):
    """A language model on a motion tokenizer of one stream. Codes are arrays (N,) of ints."""

    tasks: Sequence[str]
    codec: Codec
    engine: str
    """what it runs on, for the report"""

    def motions(self, task: str, asked: Sequence[Fields], seed: int) -> list[np.ndarray]:
        """The codes that each answer has, exactly ``length`` of them; known slots are kept. The same seed gives the
        same answers."""
        ...

    def captions(self, asked: Sequence[Fields], seed: int | None) -> list[str]:
        """Task "describe"; without a seed the likeliest words, else drawn ones."""
        ...

    def codes(self, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Rows (T, D) of each motion, T whole codes -> its codes (T // 4,)."""
        ...

    def rows(self, codes: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Codes (N,) of each motion -> its rows (4 N, D)."""
        ...

    def keys(self, poses: Motion) -> np.ndarray:
        """The code (K,) that each of K poses has as a key pose."""
        ...


def together(function: Callable[[np.ndarray], np.ndarray], arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """``function`` of each array; those of one length are given to it in one stack."""
    out: dict[int, np.ndarray] = {}
    for length in sorted({len(array) for array in arrays}):
        places = [i for i, array in enumerate(arrays) if len(array) == length]
        out |= zip(places, function(np.stack([arrays[i] for i in places])), strict=True)
    return [out[i] for i in range(len(arrays))]
