"""What a language model keeps of the tokens read so far."""

from __future__ import annotations

import numpy as np

from ...models.config import LanguageModelConfig


class Cache:
    """Keys and values (B, heads, room, width of a head) of every layer for the tokens read so far, and which of them
    are real: rows whose prompt is shorter are padded on the left. ``room``: the most tokens a row."""

    def __init__(self, config: LanguageModelConfig, rows: int, room: int):
        self.length = 0
        shape = (rows, config.heads, room, config.width // config.heads)
        self.layers = [[np.empty(shape, np.float32) for _ in "kv"] for _ in range(config.layers)]
        self.hidden = np.empty((rows, room), np.float32)
        """0 for a real token, -inf for padding: what is added to the attention's scores"""

    def append(self, hidden: np.ndarray) -> None:
        """The tokens that come have ``hidden`` (B, n)."""
        end = self.length + hidden.shape[1]
        self.hidden[:, self.length : end] = hidden
        self.length = end

    def take(self, rows: np.ndarray, room: int) -> Cache:
        """A cache of the given rows, which may repeat, with another ``room``."""
        taken = object.__new__(Cache)
        taken.length = self.length
        taken.hidden = _roomy(self.hidden[rows], room, axis=1)
        taken.layers = [[_roomy(a[rows], room, axis=2) for a in pair] for pair in self.layers]
        return taken


def _roomy(array: np.ndarray, size: int, axis: int) -> np.ndarray:
    """The array with ``size`` places along ``axis``, the new ones unset."""
    bigger = np.empty((*array.shape[:axis], size, *array.shape[axis + 1 :]), np.float32)
    bigger[(slice(None),) * axis + (slice(array.shape[axis]),)] = array
    return bigger
