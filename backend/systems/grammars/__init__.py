"""What an answer can be: at every token a grammar says which may follow, so that only a legal answer can come out and
none is ever parsed with a hope."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from .blocks import Blocks, Step, steps_of
from .digits import Digits
from .words import Words

__all__ = ["Blocks", "Digits", "Grammar", "Step", "Words", "steps_of"]


class Grammar(Protocol):
    """A grammar belongs to one kind of answer; a ``state`` to one answer that is being drawn."""

    tokens: np.ndarray
    """(n,) different ids: all that an answer can hold"""
    most: int
    """tokens of the longest answer"""

    def begin(self) -> Any:
        """The state before the first token."""
        ...

    def allowed(self, state: Any) -> np.ndarray:
        """(n,) bool: which of ``tokens`` may come next, at least one; not to be changed."""
        ...

    def after(self, state: Any, index: int) -> Any | None:
        """The state when ``tokens[index]`` has come; None when the answer is complete."""
        ...

    def left(self, state: Any) -> int:
        """The most tokens that may come still."""
        ...

    def read(self, indices: list[int]) -> Any:
        """The answer that these, each an index of ``tokens``, spell."""
        ...
