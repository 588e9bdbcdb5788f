"""Frame after frame: correct the controls, have Blender evaluate them, and stop where another evaluation would find
nothing new."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from .fitting import Fit
from .puppet import Puppet

_ROUNDS, _FEW = 6, 2
"""evaluations of a frame at most; where the frame before has shown that more do not help"""
_STALLED = 0.7
"""of an error, left by the last of them: more do not help"""
_SURE, _LEAST = 10.0, 0.1
"""times close enough: smaller errors are taken to shrink by a correction as the last did, but not below this part"""


@dataclass(frozen=True)
class Error:
    """How far a control is from where it is wanted: metres and radians."""

    distance: float = 0.0
    angle: float = 0.0

    def worst(self, other: Error) -> Error:
        return Error(max(self.distance, other.distance), max(self.angle, other.angle))

    def over(self, limit: Error) -> float:
        """How many times the limit it is."""
        return max(self.distance / limit.distance, self.angle / limit.angle)


_CLOSE = Error(1e-4, np.deg2rad(0.05))
"""near enough not to go on"""


class Rounds:
    """Brings the controls of a puppet to their goals. ``metre``: of a unit of its armature."""

    def __init__(self, puppet: Puppet, fits: list[Fit], metre: float):
        self._puppet, self._fits, self._metre = puppet, fits, metre
        self._posed = None
        self._left = 1.0  # part of an error that was left by the last correction that was looked at
        self._stalled = False

    def fit(self, frame: int, t: int) -> Generator[None, None, dict[str, Error]]:
        """Fit frame ``t`` of the motion, which is ``frame`` of the scene; yields after each evaluation, and returns
        what is missing at each control."""
        self._puppet.key(t)
        if self._posed is not None:
            self._correct(t)
            for fit in self._fits:
                fit.foresee()
        most, stalled = _FEW if self._stalled else _ROUNDS, False
        rounds, before = 0, np.inf
        while True:
            self._posed = self._puppet.again() if rounds else self._puppet.at(frame)
            rounds += 1
            errors, off = self._look(t)
            yield
            if rounds > 1:
                self._left = max(off / before, _LEAST)
            if off <= 1.0 or rounds == most:
                stalled = off > 1.0 and self._left > _STALLED
                break
            self._correct(t)
            if off < _SURE and off * self._left <= 1.0:
                errors = {b: Error(e.distance * self._left, e.angle * self._left) for b, e in errors.items()}
                break
            before = off
        self._stalled = stalled
        for fit in self._fits:
            fit.remember(not stalled)
        return errors

    def _look(self, t: int) -> tuple[dict[str, Error], float]:
        """The errors as evaluated, and how many times too large the worst is."""
        errors = {}
        for fit in self._fits:
            distance, angle = fit.look(self._posed, t)
            errors[fit.bone] = Error(distance * self._metre, angle)
        return errors, max(error.over(_CLOSE) for error in errors.values())

    def _correct(self, t: int) -> None:
        moved = {}
        for fit in self._fits:
            fit.correct(self._posed, t, moved)
