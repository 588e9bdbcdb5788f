"""From slots to a rig's own bones: how each bone turns where a slot has several, or twist bones beside them.

One bone in a slot has the slot's whole rotation. Of several:

* torso, neck, collars and whatever else is a chain: bend and twist are shared by length, the last bone has all of both
* upper arms and thighs: twist against the slot above is shared by length, the last bone has all of it
* forearms and shins: the first bone has the slot's rotation, the further ones take the hand's or foot's twist, as much
  of it as they lie along the segment
* twist bones (``Controls.twist``): as the bones of a split limb would at their place

A limb's bones need not lie in one line: each is twisted about its own, from its head to the next one's, so that every
joint stays where the whole rotation takes it. Twist bones have the segment's.

Twist is counted from the rig's own rest, where no bone is twisted. Along time it is unwrapped and never hurries, so
that bones with a share of it do not jump (``limb_twist``).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from . import rotations as rot
from .bone_map import HINGES, BoneMap
from .limb_twist import held_back, twist
from .skeleton import SEGMENTS, SMPLX52_NAMES, SMPLX52_PARENTS

_NEXT = SEGMENTS | {
    "spine1": "spine2", "spine2": "spine3", "spine3": "neck", "neck": "head", "collar": "shoulder",
}  # fmt: skip
"""part of the body -> the one that it reaches to"""
_ROOTS = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")


def bone_turns(
    bone_map: BoneMap,
    world: Mapping[str, np.ndarray],
    offsets: Mapping[str, np.ndarray],
    heads: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Bone -> (T, 4) rotation away from its reference pose, in the world, for every own and every twist bone of the
    slots that ``world`` and ``offsets`` both have.

    ``world``: slot -> (T, 4), how the Motion's joints are turned in the world. ``offsets``: slot -> (4,), what
    ``retarget.offsets_between`` says between the Motion's canonical rest pose and the rig's reference pose. ``heads``:
    bone -> (3,) in the reference pose, axes as the world's, any unit; of every bone that is asked for.
    """
    slots = [s for s in bone_map.slots if s in world and s in offsets]
    found = rot.multiply(np.stack([world[s] for s in slots]), np.stack([offsets[s] for s in slots])[:, None])
    turns = dict(zip(slots, found))
    out = {}
    for slot in slots:
        bones = bone_map.slots[slot]
        beside = bone_map.controls[slot].twist if slot in bone_map.controls else ()
        if slot in HINGES or slot in _ROOTS:
            out |= _limb(bone_map, slot, turns, world, offsets, heads, beside)
        elif len(bones) == 1:
            out[bones[0]] = turns[slot]
        else:
            out |= _chain(bone_map, slot, turns, world, offsets, heads)
    return out


def _chain(bone_map, slot, turns, world, offsets, heads) -> dict[str, np.ndarray]:
    """The slot's bones with their shares of its rotation against the slot above."""
    bones, above = bone_map.slots[slot], slot_above(bone_map, slot)
    if above is None:
        return dict.fromkeys(bones, turns[slot])
    start = rot.multiply(world[above], offsets[slot])
    return {b: rot.slerp(start, turns[slot], share) for b, share in zip(bones, _shares(bone_map, slot, heads))}


def _limb(bone_map, slot, turns, world, offsets, heads, beside) -> dict[str, np.ndarray]:
    """The slot's bones and the twist bones ``beside`` them."""
    bones, hinge = bone_map.slots[slot], slot in HINGES
    if len(bones) == 1 and not beside:
        return {bones[0]: turns[slot]}
    start, end = heads[bones[0]], heads[bone_map.slots[_next(slot)][0]]
    axis = rot.normalize(end - start)
    along = {b: float(np.clip((heads[b] - start) @ axis / np.linalg.norm(end - start), 0.0, 1.0)) for b in beside}
    above, below = slot_above(bone_map, slot), _next(slot)
    if hinge:  # counted from the slot's own rotation towards the end's
        path, share = twist(slot, slot, below, world, offsets), 1.0
        along |= dict(zip(bones[1:], _shares(bone_map, slot, heads)))
        along[bones[0]] = 0.0
    else:  # counted from the slot's own rotation back to that of the slot above
        path, share = twist(slot, above, slot, world, offsets), -1.0
        along |= dict(zip(bones, _shares(bone_map, slot, heads)))
        along = {b: part - 1.0 for b, part in along.items()}
    path = held_back(path, share, turns[slot], [turns[above], turns[below]], axis)
    axes = dict.fromkeys(beside, axis) | _own_axes(bones, heads, end, axis)
    return {b: _twisted(turns[slot], axes[b], part * path) if part else turns[slot] for b, part in along.items()}


def _own_axes(bones, heads, end, axis) -> dict[str, np.ndarray]:
    """Bone -> (3,) from its head to the next one's, the last one's to ``end``; ``axis`` for bones in one place."""
    places = [heads[b] for b in bones] + [end]
    least = 1e-3 * np.linalg.norm(end - places[0])
    ways = {bone: there - here for bone, here, there in zip(bones, places, places[1:])}
    return {bone: rot.normalize(way) if np.linalg.norm(way) > least else axis for bone, way in ways.items()}


def _twisted(turn, axis, angle) -> np.ndarray:
    """``turn`` (T, 4) after a turn by ``angle`` (T,) about ``axis`` (3,)."""
    return rot.multiply(turn, rot.from_axis_angle(axis, angle))


def _shares(bone_map, slot, heads) -> np.ndarray:
    """The part of the slot's way that lies behind each of its bones' ends, the last 1."""
    places = [heads[b] for b in bone_map.slots[slot]]
    lengths = [np.linalg.norm(b - a) for a, b in zip(places, places[1:])]
    end = _end(bone_map, slot)
    lengths.append(np.linalg.norm(heads[end] - places[-1]) if end else np.mean(lengths))
    lengths = np.maximum(lengths, 1e-9)  # bones that all lie in one place share alike
    return np.cumsum(lengths) / np.sum(lengths)


def _end(bone_map: BoneMap, slot: str) -> str | None:
    """The bone that the slot's last one reaches to; None at the end of a chain."""
    below = _next(slot)
    while below is not None and below not in bone_map.slots:
        below = _next(below)
    return bone_map.slots[below][0] if below else None


def _next(slot: str) -> str | None:
    side, _, part = slot.rpartition("_")
    return (f"{side}_" if side else "") + _NEXT[part] if part in _NEXT else None


def slot_above(bone_map: BoneMap, slot: str) -> str | None:
    """The nearest mapped slot above; None over the pelvis."""
    parent = SMPLX52_PARENTS[SMPLX52_NAMES.index(slot)]
    while parent >= 0 and SMPLX52_NAMES[parent] not in bone_map.slots:
        parent = SMPLX52_PARENTS[parent]
    return SMPLX52_NAMES[parent] if parent >= 0 else None
