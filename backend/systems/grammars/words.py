"""Text: a caption of one token or more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class Words:
    """``ids``: the text tokens; ``eos`` ends the answer, as ``most`` tokens do."""

    def __init__(self, ids: Sequence[int], eos: int, most: int):
        self.tokens, self.most = np.array([*ids, eos]), most
        self._words = np.arange(len(self.tokens)) < len(self.tokens) - 1
        self._any = np.ones(len(self.tokens), bool)

    def begin(self) -> int:
        return 0

    def allowed(self, state: int) -> np.ndarray:
        return self._any if state else self._words

    def after(self, state: int, index: int) -> int | None:
        return None if index == len(self.tokens) - 1 or state + 1 == self.most else state + 1

    def left(self, state: int) -> int:
        return self.most - state

    def read(self, indices: list[int]) -> list[int]:
        """The ids, without the end."""
        return [int(self.tokens[index]) for index in indices if index != len(self.tokens) - 1]
