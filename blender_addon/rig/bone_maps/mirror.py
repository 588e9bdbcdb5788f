"""One side of a bone map made from the other: by the names of the bones, else by where they are."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from ...backend.motion.bone_map import BoneMap, Controls
from ...backend.motion.rest_rig import RestRig
from ...backend.motion.skeleton import SMPLX52_NAMES
from . import edit as map_edit

_SIDES = (("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT"), ("l", "r"), ("L", "R"), ("左", "右"))
# a letter alone is a side between other signs ("arm.L", "Bip01 L Hand") and before a capital ("lShldr")
_TOKEN = re.compile(r"left|right|Left|Right|LEFT|RIGHT|左|右|(?<![A-Za-z])[lrLR](?![a-z])")
_OTHER = {a: b for pair in _SIDES for a, b in (pair, pair[::-1])}
_NEAR = 0.02
"""how far a bone may be from its mirror image, by the size of the skeleton"""


def other_name(name: str) -> str:
    """The name with its sides changed; the same one when it has none."""
    return _TOKEN.sub(lambda found: _OTHER[found.group()], name)


def mirror_bones(rig: RestRig) -> dict[str, str]:
    """Bone -> the one on the other side, for the bones that have one."""
    known = set(rig.names)
    named = {n: other_name(n) for n in rig.names if other_name(n) != n and other_name(n) in known}
    return _by_place(rig) | named


def _by_place(rig: RestRig) -> dict[str, str]:
    """Heads and tails are compared across the one of the armature's axes that the skeleton is most symmetric about."""
    ends = np.concatenate([rig.heads, rig.tails], axis=1)
    size = float(np.ptp(rig.heads, axis=0).max()) or 1.0
    best: dict[str, str] = {}
    for axis in range(3):
        image = ends.copy()
        middle = np.median(rig.heads[:, axis])  # the spine, or between as many bones on either side
        image[:, [axis, axis + 3]] = 2 * middle - image[:, [axis, axis + 3]]
        apart = np.linalg.norm(image[:, None] - ends[None], axis=-1)
        nearest = apart.argmin(axis=1)
        fits = apart[np.arange(len(ends)), nearest] < _NEAR * size
        pairs = {rig.names[i]: rig.names[j] for i, j in enumerate(nearest) if fits[i] and i != j and nearest[j] == i}
        if len(pairs) > len(best):
            best = pairs
    return best


def mirrored(bone_map: BoneMap, rig: RestRig, side: str) -> tuple[BoneMap, list[str]]:
    """The map with the slots of ``side`` ("left" or "right") and their controls put on the other side, and the bones
    whose mirror image was not found: they are left out."""
    partner, lost = mirror_bones(rig), []

    def across(bones) -> tuple[str, ...]:
        lost.extend(b for b in bones if b not in partner)
        return tuple(partner[b] for b in bones if b in partner)

    slots, controls = dict(bone_map.slots), dict(bone_map.controls)
    for slot in [s for s in SMPLX52_NAMES if s.startswith(side)]:
        goal = other_name(slot)
        slots[goal] = across(bone_map.slots.get(slot, ()))
        controls[goal] = _across(bone_map.controls.get(slot, Controls()), across)
    changed = replace(bone_map, controls={s: c for s, c in controls.items() if c != Controls()})
    return map_edit.with_slots(changed, slots), lost


def _across(controls: Controls, across) -> Controls:
    switches = tuple(
        replace(switch, bone=bone, property=other_name(switch.property))
        for switch in controls.switches
        for bone in across([switch.bone])
    )
    return Controls(*(across(bones) for bones in (controls.fk, controls.ik, controls.pole, controls.twist)), switches)
