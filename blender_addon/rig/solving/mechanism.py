"""What to key on each control so that the rig does what is wanted: closed form, all frames at once, no bpy.

A key is what a bone does on top of what its parent does to it. The parents of a control rig are mechanism bones with
constraints; those are evaluated here as Blender does it (``posing``), with the influences that they have now.
"""

from __future__ import annotations

import numpy as np

from ..bones import Bones
from ..keys import BoneKeys
from .posing import Place, Posing, Start, Wanted, basis_of

_ANCHORED = 1e-4
"""of the rig's size: how exactly a control must bring what it carries to its place"""


def basis(
    bones: Bones,
    rotations: dict[str, np.ndarray],
    heads: dict[str, np.ndarray],
    known: dict[str, tuple[np.ndarray, np.ndarray]],
    anchor: tuple[str, str, np.ndarray] | None = None,
) -> tuple[list[BoneKeys], dict[str, str]]:
    """The keys, parents first, and bone -> reason for the bones whose keys cannot be told in closed form.

    All in armature space. ``rotations`` bone -> (T, 4) and ``heads`` bone -> (T, 3) are wanted of keyed bones; one that
    is in ``heads`` alone only moves. ``known`` bone -> (rotation, head) are places that follow from the motion.
    ``anchor`` = (control, bone, (T, 3)): the control is put where it brings ``bone`` to these heads.
    """
    unsolved: dict[str, str] = {}
    if anchor is not None:
        control, carried, goal = anchor
        head, reason = _anchored(bones, Wanted(rotations, heads, known), control, carried, goal)
        if reason:
            unsolved[control] = reason
            heads = {b: h for b, h in heads.items() if b != control}
        else:
            heads = heads | {control: head}
    posing = Posing(bones, Wanted(rotations, heads, known))
    keyed = [b for b in bones.names if b in rotations or b in heads]
    posing.evaluate(keyed)
    keys = []
    for name in keyed:
        start, moves = posing.start(name), name in heads
        reason = unsolved.get(name) or _obstacle(bones, start, name, moves)
        if reason:
            unsolved[name] = reason
        else:
            keys.append(_keys(bones, start, posing.places[name], name, name in rotations, moves))
    return keys, unsolved


def _obstacle(bones: Bones, start: Start, name: str, moves: bool) -> str:
    """Why no keys can bring the bone to its place, or nothing."""
    if start.rotation is None or (moves and start.head is None):
        return start.reason
    if moves and bones.connected[bones.index[name]]:
        return "is connected to its parent and cannot move"
    return ""


def _keys(bones: Bones, start: Start, place: Place, name: str, turns: bool, moves: bool) -> BoneKeys:
    i = bones.index[name]
    rotation, location = basis_of(start, place)
    if not moves:
        # a leftover offset would pull the limb off the motion
        leftover = not bones.connected[i] and np.any(bones.basis_location[i])
        location = np.zeros((len(rotation), 3)) if leftover else None
    return BoneKeys(name, rotation if turns else None, location)


def _anchored(bones: Bones, wanted: Wanted, control: str, carried: str, goal) -> tuple[np.ndarray | None, str]:
    """(T, 3) head of ``control`` that brings ``carried`` to ``goal``, or the reason why none is known."""
    free = Wanted(wanted.rotations, wanted.heads, {b: p for b, p in wanted.known.items() if b != carried})
    posing = Posing(bones, free)
    posing.evaluate([control, carried])
    start, end = posing.places[control], posing.places[carried]
    if start.reason or end.reason:
        return None, start.reason or end.reason
    head = start.head + goal - end.head
    check = Posing(bones, Wanted(free.rotations, free.heads | {control: head}, free.known))
    check.evaluate([carried])
    size = np.ptp(bones.head, axis=0).max()
    if np.abs(check.places[carried].head - goal).max() > _ANCHORED * size:
        return None, f"does not carry '{carried}' along"
    return head, ""
