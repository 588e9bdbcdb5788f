"""What a system asks of an engine: next-token logits with a cache, and the motion tokenizer. Arrays are numpy's."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np


class Engine(Protocol):
    """Runs one bundle's networks. A ``state`` belongs to the engine that made it and is used up by ``step``."""

    name: str
    """which engine: "torch" or "numpy" """
    device: str
    """where it runs, for the report"""

    def encode_text(self, text: str) -> list[int]:
        """Token ids of a text, without specials."""
        ...

    def start(self, prompts: list[list[int]]) -> tuple[np.ndarray, Any]:
        """Prompts of any lengths, one row each (rows may repeat) -> next-token logits (B, V) float32 and a state."""
        ...

    def step(self, state: Any, tokens: np.ndarray) -> np.ndarray:
        """Append one token (B,) to each row of ``state``, in place -> next-token logits (B, V) float32."""
        ...

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Motion codes (B, N) -> features (B, 4 N, D) in their own units."""
        ...

    def encode(self, features: np.ndarray) -> np.ndarray:
        """Features (B, T, D) in their own units -> motion codes (B, T // 4)."""
        ...
