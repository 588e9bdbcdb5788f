"""Somebody who has seen the test: a tokenizer that loses nothing, and answers that a test may spoil."""

from collections.abc import Callable

import numpy as np

from backend.motion.features.codec import codec
from backend.motion.motion import Motion
from backend.systems.prompts import TASKS, Fields
from training.evaluation.cases import Case

Spoil = Callable[[str, Fields, np.ndarray], np.ndarray]
"""(task, what was asked, the true codes) -> the codes that are answered"""


class Knowing:
    """Every block of 4 rows is a code of its own; captions tell the cases apart, and where none is given, their lengths
    do. What it was asked is kept in ``heard``."""

    engine = "knowing"

    def __init__(self, cases: list[Case], spoil: Spoil = lambda task, asked, true: true, tasks=()):
        self.tasks = tasks or tuple(task for task in TASKS if task != "holistic")
        self.codec = codec("ms272")
        self._blocks: list[np.ndarray] = []
        self._numbers: dict[bytes, int] = {}
        self._cases, self._spoil = cases, spoil
        self.true = self.codes([case.rows for case in cases])
        self.heard: list[tuple[str, Fields, int]] = []

    def codes(self, rows):
        return [np.array([self._number(block) for block in one.reshape(-1, 4, one.shape[1])]) for one in rows]

    def _number(self, block: np.ndarray) -> int:
        number = self._numbers.setdefault(block.tobytes(), len(self._blocks))
        if number == len(self._blocks):
            self._blocks.append(block)
        return number

    def rows(self, codes):
        return [np.concatenate([self._blocks[code] for code in line]) for line in codes]

    def keys(self, poses: Motion):
        return np.arange(len(poses))

    def motions(self, task, asked, seed):
        self.heard += [(task, one, seed) for one in asked]
        return [self._answered(task, one) for one in asked]

    def _answered(self, task: str, asked: Fields) -> np.ndarray:
        true = self._line(asked)
        return self._spoil(task, asked, true)[len(asked.known) :]

    def _line(self, asked: Fields) -> np.ndarray:
        length = asked.length + len(asked.known)
        fits = [
            line for case, line in zip(self._cases, self.true)
            if (asked.caption == case.captions[0] if asked.caption else len(line) == length)
        ]  # fmt: skip
        assert len(fits) == 1 and len(fits[0]) == length
        return fits[0]

    def captions(self, asked, seed):
        self.heard += [("describe", one, seed) for one in asked]
        lines = [line.tolist() for line in self.true]
        return [self._cases[lines.index(one.codes["motion"].tolist())].captions[0] for one in asked]
