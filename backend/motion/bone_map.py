"""Bone map v1: slot -> the bones of a rig in their roles.

A slot is a humanoid role named like a canonical joint ("left_elbow"). Its own bones ("deform": deforming ones, or those
that the rig's deforming bones follow) say where it is. Of several the first gives the joint's position; its
orientation is that of ``BoneMap.carrier``, and the others share the way there. On a control rig a slot also has the
controls that are keyed in its place. Which space a control moves in is not kept: switches change it, so it is read from
the rig's parents and constraints at every write; only a calibration has numbers, and these are in armature space.
"""

from __future__ import annotations

from dataclasses import dataclass, field

HINGES = ("left_elbow", "right_elbow", "left_knee", "right_knee")
"""slots whose first bone carries the orientation: the further ones of a split forearm or shin share the twist of the
hand or foot"""


class NoMapFits(ValueError):
    """No map can be made of the bones; ``missing`` lists the slots that the ``nearest`` preset did not find (None: none
    is near), ``found`` holds those that it did: where a map that is made by hand begins."""

    def __init__(
        self, message: str, nearest: str | None, missing: list[str], found: dict[str, tuple[str, ...]] | None = None
    ):
        super().__init__(message)
        self.nearest, self.missing, self.found = nearest, missing, found or {}


@dataclass(frozen=True)
class Switch:
    """A custom property of ``bone`` that is keyed while its limb is: ``fk`` and ``ik`` are its values in either mode;
    None: not touched in that mode."""

    bone: str
    property: str
    fk: float | None
    ik: float | None


@dataclass(frozen=True)
class Controls:
    """What is keyed in place of a slot's own bones, and what goes with them.

    ``fk``: controls that turn the slot, parents first. ``ik``: the control that carries the end of a limb, on the
    slots ``*_wrist`` and ``*_ankle`` (a second one turns the toes: slot ``*_foot``). ``pole``: the control that the
    bend points to, on ``*_elbow`` and ``*_knee``. ``twist``: bones along the segment that share its twist.
    ``switches`` stand with the end of the limb.
    """

    fk: tuple[str, ...] = ()
    ik: tuple[str, ...] = ()
    pole: tuple[str, ...] = ()
    twist: tuple[str, ...] = ()
    switches: tuple[Switch, ...] = ()


@dataclass(frozen=True)
class Calibration:
    """A pose that takes the place of the bind pose: ``rotations`` bone -> (w, x, y, z) away from the bind pose and
    ``heads`` bone -> (x, y, z), both in armature space. ``t_pose``: the rig holds the canonical T-pose in it, whatever
    its joints look like."""

    rotations: dict[str, tuple[float, ...]]
    heads: dict[str, tuple[float, ...]]
    t_pose: bool = False


@dataclass(frozen=True)
class BoneMap:
    """``slots``: slot -> its own bones, parent first; ``pelvis`` and the slots of ``anatomy.REQUIRED`` are there.

    ``controls``: slot -> what is keyed in its place (none: its own bones are). ``body``: the control that carries the
    whole body (None: the pelvis' own bone). ``root``: the bone above it that stands on the ground, or None.
    ``calibration``: None = the bind pose is what it looks like.
    """

    name: str
    slots: dict[str, tuple[str, ...]]
    controls: dict[str, Controls] = field(default_factory=dict)
    body: str | None = None
    root: str | None = None
    calibration: Calibration | None = None

    def carrier(self, slot: str) -> str:
        """The one of the slot's own bones that has its full orientation."""
        return self.slots[slot][0 if slot in HINGES else -1]

    @property
    def bones(self) -> set[str]:
        """Every bone that the map names."""
        named = {b for bones in self.slots.values() for b in bones}
        for c in self.controls.values():
            named.update(c.fk, c.ik, c.pole, c.twist, (s.bone for s in c.switches))
        return named | {b for b in (self.body, self.root) if b is not None}
