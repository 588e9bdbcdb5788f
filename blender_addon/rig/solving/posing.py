"""Where the bones come to stand once the keyed ones are where they are wanted: parents and constraints, in numpy.

Places are rotations (T, 4) and heads (T, 3) in armature space; what no keyed bone moves has no T axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...backend.motion import rotations as rot
from ..bones import Bones
from .constraints import Copy, Follow, Near, blend, targets, unknown

_Y = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True, eq=False)
class Wanted:
    """``rotations`` and ``heads`` of keyed bones, and the places ``known`` of bones that follow the motion."""

    rotations: dict[str, np.ndarray]
    heads: dict[str, np.ndarray]
    known: dict[str, tuple[np.ndarray, np.ndarray]]

    def keyed(self, bone: str) -> bool:
        return bone in self.rotations or bone in self.heads


@dataclass(frozen=True, eq=False)
class Place:
    """A posed bone; what is None is not known, for ``reason``."""

    rotation: np.ndarray | None
    head: np.ndarray | None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Start:
    """Where a bone stands without channels of its own, and the axes of its location."""

    rotation: np.ndarray | None
    head: np.ndarray | None
    axes: np.ndarray | None
    reason: str = ""


def basis_of(start: Start, place: Place) -> tuple[np.ndarray, np.ndarray | None]:
    """The channels, rotation (T, 4) and location (T, 3), that bring a bone from ``start`` to ``place``; without a
    location where either head is unknown."""
    rotation = rot.multiply(rot.inverse(start.rotation), place.rotation)
    if start.head is None or place.head is None:
        return rotation, None
    return rotation, rot.rotate(rot.inverse(start.axes), place.head - start.head)


class Posing:
    """One evaluation of the bones; ``places`` fills as they are asked for."""

    def __init__(self, bones: Bones, wanted: Wanted):
        self.places: dict[str, Place] = {}
        self._starts: dict[str, Start] = {}
        self._bones, self._wanted = bones, wanted

    def evaluate(self, names: list[str]) -> None:
        """Work out the places of ``names`` and of all that they depend on, each after what it depends on."""
        todo, waiting = list(names), set()
        while todo:
            name = todo[-1]
            missing = [n for n in self._needs(name) if n not in self.places]
            if name in self.places or not missing:
                if name not in self.places:
                    self.places[name] = self._place(name)
                waiting.discard(name)
                todo.pop()
            elif waiting.intersection(missing):
                self.places[name] = Place(None, None, f"stands on '{name}', whose constraints go round in a circle")
            else:
                waiting.add(name)
                todo += missing

    def start(self, name: str) -> Start:
        """Needs the place of the bone's parent."""
        if name not in self._starts:
            self._starts[name] = self._start(name)
        return self._starts[name]

    def _start(self, name: str) -> Start:
        bones, i = self._bones, self._bones.index[name]
        p = bones.parents[i]
        parent = Place(rot.IDENTITY, np.zeros(3)) if p < 0 else self.places[bones.names[p]]
        if parent.rotation is None:
            return Start(None, None, None, parent.reason)
        turn, away = (values[i] for values in bones.on_parent)
        inherited = rot.multiply(parent.rotation, turn)
        return Start(
            inherited if bones.inherits_rotation[i] else bones.rotation[i],
            None if parent.head is None else parent.head + rot.rotate(parent.rotation, away),
            inherited if bones.local_location[i] else parent.rotation,
            parent.reason,
        )

    def _needs(self, name: str) -> list[str]:
        bones, i = self._bones, self._bones.index[name]
        if name in self._wanted.known:
            return []
        above = self._above(name)
        acting = bones.constraints[i]
        if self._wanted.keyed(name) or unknown(acting):
            return above
        needs = targets(acting)
        for c in acting:
            if isinstance(c, Copy) and c.local:
                needs += self._above(c.target)
        return needs if _starts_anew(acting) else above + needs

    def _above(self, name: str) -> list[str]:
        p = self._bones.parents[self._bones.index[name]]
        return [self._bones.names[p]] if p >= 0 else []

    def _place(self, name: str) -> Place:
        bones, wanted, i = self._bones, self._wanted, self._bones.index[name]
        if name in wanted.known:
            return Place(*wanted.known[name])
        if wanted.keyed(name):
            return self._keyed(name)
        acting = bones.constraints[i]
        reason = unknown(acting)
        if reason:
            return Place(None, None, f"stands on '{name}', which {reason}")
        if _starts_anew(acting):
            start, place = None, None
        else:
            start = self.start(name)
            if start.reason:
                return Place(None, None, start.reason)
            place = self._with_own_channels(start, i)
        for c in acting:
            target = self.places[c.target]
            if target.reason:
                return Place(None, None, target.reason)
            place = self._constrained(start, place, c, target)
        return Place(*place)

    def _keyed(self, name: str) -> Place:
        start, wanted = self.start(name), self._wanted
        rotation = wanted.rotations.get(name)
        if rotation is None and start.rotation is not None:
            rotation = rot.multiply(start.rotation, self._bones.basis_rotation[self._bones.index[name]])
        head = wanted.heads.get(name, start.head)
        return Place(rotation, head, start.reason if rotation is None or head is None else "")

    def _with_own_channels(self, start: Start, i: int):
        bones = self._bones
        shift = 0.0 if bones.connected[i] else rot.rotate(start.axes, bones.basis_location[i])
        return rot.multiply(start.rotation, bones.basis_rotation[i]), start.head + shift

    def _constrained(self, start: Start | None, place, c: Copy | Follow | Near, target: Place):
        if isinstance(c, Follow):
            bound = rot.multiply(target.rotation, c.rotation)
            head = target.head + rot.rotate(target.rotation, c.location + rot.rotate(c.rotation, place[1]))
            return blend(place, (rot.multiply(bound, place[0]), head), c.influence)
        if isinstance(c, Near):
            away = place[1] - target.head
            far = np.linalg.norm(away, axis=-1, keepdims=True)
            near = target.head + away * np.minimum(1.0, c.distance / np.maximum(far, 1e-30))
            return blend(place, (place[0], near), c.influence)
        if c.local:
            turn, shift = basis_of(self.start(c.target), target)
            rotation, head = rot.multiply(start.rotation, turn), start.head + rot.rotate(start.axes, shift)
        else:
            along = _Y * (c.at * self._bones.length[self._bones.index[c.target]])
            rotation, head = target.rotation, target.head + rot.rotate(target.rotation, along)
        after = (rotation if c.rotation else place[0], head if c.location else place[1])
        return after if place is None else blend(place, after, c.influence)


def _starts_anew(acting) -> bool:
    return bool(acting) and isinstance(acting[0], Copy) and acting[0].replaces
