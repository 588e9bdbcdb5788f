"""Motion codes written in digits, as MotionGPT writes them: ``315,91,406``."""

from __future__ import annotations

import numpy as np

CHARACTERS = "0123456789,"
_COMMA, _EOS = 10, 11
_NOTHING = -1
State = tuple[int, int]
"""how many codes are complete, and what the digits of the next one say so far (-1: none is there)"""


class Digits:
    """Codes below ``codes``, without leading zeros, with a comma between two. ``characters``: the ids of CHARACTERS;
    ``eos`` ends the answer; ``lengths``: fewest and most codes."""

    def __init__(self, characters: list[int], eos: int, codes: int, lengths: tuple[int, int]):
        low, high = lengths
        if not 1 <= low <= high:
            raise ValueError(f"an answer has 1 or more codes, got {low} to {high}")
        self.tokens = np.array([*characters, eos])
        self._codes, self._low, self._high = codes, low, high
        self._digits = len(str(codes - 1))
        self._masks: dict[tuple, np.ndarray] = {}
        self.most = self.left(self.begin())

    def begin(self) -> State:
        return 0, _NOTHING

    def allowed(self, state: State) -> np.ndarray:
        done, number = state
        more, enough = done + 1 < self._high, done + 1 >= self._low
        key = (number, more, enough)
        if key not in self._masks:
            mask = np.zeros(len(self.tokens), bool)
            mask[:10] = [self._fits(number, digit) for digit in range(10)]
            if number != _NOTHING:
                mask[_COMMA], mask[_EOS] = more, enough
            self._masks[key] = mask
        return self._masks[key]

    def _fits(self, number: int, digit: int) -> bool:
        if number == _NOTHING:
            return digit < self._codes
        return number > 0 and 10 * number + digit < self._codes

    def after(self, state: State, index: int) -> State | None:
        done, number = state
        if index == _EOS:
            return None
        if index == _COMMA:
            return done + 1, _NOTHING
        number = index if number == _NOTHING else 10 * number + index
        last = done + 1 == self._high and not self._fits(number, 0)
        return None if last else (done, number)

    def left(self, state: State) -> int:
        done, number = state
        written = 0 if number == _NOTHING else len(str(number))
        # every code with its comma, or the end behind the last
        return (self._high - done) * (self._digits + 1) - written

    def read(self, indices: list[int]) -> dict[str, np.ndarray]:
        """Under the name of the one stream that is written so."""
        text = "".join(CHARACTERS[index] for index in indices if index != _EOS)
        return {"motion": np.array([int(code) for code in text.split(",")])}
