"""What a system asks of an engine: next-token logits with a cache, and the motion tokenizer. Arrays are numpy's."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ..systems.vocabulary import TextTokens


class Engine(Protocol):
    """Runs one bundle's networks. A ``state`` belongs to the engine that made it, is used up by ``step`` and ends with
    the next ``start``."""

    name: str
    """which engine: "torch" or "numpy" """
    device: str
    """where it runs, for the report"""
    text: TextTokens
    """the control tokens of the text tokenizer"""
    longest: int
    """the most tokens that a prompt and its answer can have together"""

    def encode_text(self, text: str) -> list[int]:
        """Token ids of a text, without specials: what looks like one is text."""
        ...

    def decode_text(self, ids: list[int]) -> str:
        """The text of token ids, specials left out; ValueError for ids that are no text."""
        ...

    def spelled(self, characters: str) -> list[int]:
        """The one id of each character as it stands inside a word (digits and the comma, for answers in digits);
        BundleError names a character for which the text tokenizer has none."""
        ...

    def start(self, prompts: list[list[int]], tokens: np.ndarray, steps: int) -> tuple[np.ndarray, Any]:
        """Prompts of any lengths, one row each (rows may repeat) -> next-token logits (B, n) float32 of ``tokens``
        (n,), different ids in any order, and a state for up to ``steps`` calls of ``step``.

        ValueError for a prompt without tokens, for ids that are no tokens and for more than ``longest``; OutOfMemory
        where so many rows do not fit (``batching.in_parts`` then asks for fewer at a time)."""
        ...

    def step(self, state: Any, tokens: np.ndarray) -> np.ndarray:
        """Append one token (B,) to each row of ``state``, in place -> logits (B, n) float32 of the tokens that
        ``start`` was given."""
        ...

    def decode(self, *codes: np.ndarray) -> np.ndarray:
        """Codes (B, N) of each stream of the motion tokenizer -> features (B, 4 N, D) in their own units."""
        ...

    def encode(self, features: np.ndarray) -> tuple[np.ndarray, ...]:
        """Features (B, T, D) in their own units -> codes (B, T // 4) of each stream."""
        ...
