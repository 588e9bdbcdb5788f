"""What automatic mapping answers: the bone map, and for every slot how surely it is right and why."""

from __future__ import annotations

from dataclasses import dataclass

from ..bone_map import BoneMap

SURE = 0.75
"""confidence from which on a guess needs no look"""


@dataclass(frozen=True)
class Guess:
    """``confidence`` 0..1 that ``bones`` are the slot's; ``why`` says it in words for the animator."""

    slot: str
    bones: tuple[str, ...]
    confidence: float
    why: str


@dataclass(frozen=True)
class Mapping:
    """``absent``: slots that the rig has no bone for. ``notes``: sentences for the panel. ``tested``: False for rig
    systems whose names were read about but which were never run here."""

    bone_map: BoneMap
    guesses: dict[str, Guess]
    absent: tuple[str, ...]
    notes: tuple[str, ...] = ()
    tested: bool = True

    @property
    def unsure(self) -> tuple[str, ...]:
        """Slots to look at, in the order of the map."""
        return tuple(slot for slot, guess in self.guesses.items() if guess.confidence < SURE)
