"""The controls of a rig in its bone map: what is keyed in place of the slots' own bones. Pure functions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...backend.motion.bone_map import BoneMap, Controls, Switch
from ...backend.motion.rest_rig import RestRig
from ...backend.motion.skeleton import SEGMENTS
from ..refusal import Refusal
from .edit import with_controls
from .parts import Part, end, middle

OF_LIMBS = ("ik", "pole", "twist")
OF_PARTS = ("fk", *OF_LIMBS)
OF_BODY = ("body", "root")
MANY = ("fk", "twist")
"""roles that several bones of a part have"""


def get(bone_map: BoneMap, role: str, part: Part | None = None) -> tuple[str, ...]:
    """The bones that have the role; those of the body belong to no part."""
    if role in OF_BODY:
        bone = getattr(bone_map, role)
        return () if bone is None else (bone,)
    found = [getattr(bone_map.controls.get(slot, Controls()), role) for slot in part.slots]
    return tuple(bone for bones in found for bone in bones)


def give(bone_map: BoneMap, rest: RestRig, bones: tuple[str, ...], role: str, part: Part | None = None) -> BoneMap:
    """``bones`` alone get the role; none: it is cleared. FK controls go each to the slot whose joint is nearest, twist
    bones to that whose bone is."""
    if role in OF_BODY:
        return replace(bone_map, **{role: bones[0] if bones else None})
    if not bones:
        given = {}
    elif role == "fk":
        given = _by_joint(bone_map, rest, part, bones)
    elif role == "twist":
        given = _by_segment(bone_map, rest, part, bones)
    else:
        given = {end(part) if role == "ik" else middle(part): bones}
    for slot in given:
        _require(bone_map, part, slot)
    for slot in part.slots:
        bone_map = with_controls(bone_map, slot, **{role: given.get(slot, ())})
    return bone_map


def switch(bone_map: BoneMap, limb: Part) -> Switch | None:
    """What turns the limb from FK to IK."""
    found = bone_map.controls.get(end(limb), Controls()).switches
    return found[0] if found else None


def with_switch(bone_map: BoneMap, limb: Part, switch: Switch | None) -> BoneMap:
    """The limb with this switch alone."""
    if switch is not None:
        _require(bone_map, limb, end(limb))
    return with_controls(bone_map, end(limb), switches=() if switch is None else (switch,))


def _by_joint(bone_map: BoneMap, rest: RestRig, part: Part, bones: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    slots = [slot for slot in part.slots if slot in bone_map.slots]
    if not slots:
        raise Refusal(f"Set the bones of the {part.label.lower()} first: controls go to the nearest of their joints.")
    head = dict(zip(rest.names, rest.heads))
    given: dict[str, tuple[str, ...]] = {}
    for bone in bones:
        slot = min(slots, key=lambda slot: np.linalg.norm(head[bone] - head[bone_map.slots[slot][0]]))
        given[slot] = (*given.get(slot, ()), bone)
    return given


def _by_segment(bone_map: BoneMap, rest: RestRig, part: Part, bones: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Twist bones by slot, those of a slot in their order along it."""
    head, tail = dict(zip(rest.names, rest.heads)), dict(zip(rest.names, rest.tails))
    segments = {}
    for slot, below in zip(part.slots, part.slots[1:]):
        if slot.partition("_")[2] in SEGMENTS:
            for joint in (slot, below):
                _require(bone_map, part, joint)
            segments[slot] = head[bone_map.slots[slot][0]], head[bone_map.slots[below][0]]
    found = []
    for bone in bones:
        middle = (head[bone] + tail[bone]) / 2  # the head alone may lie at the joint of two segments
        found.append(min((*_beside(middle, *ends), slot, bone) for slot, ends in segments.items()))
    found.sort(key=lambda entry: entry[1])
    given: dict[str, tuple[str, ...]] = {}
    for _, _, slot, bone in found:
        given[slot] = (*given.get(slot, ()), bone)
    return given


def _beside(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[float, float]:
    """How far ``point`` is from the segment, and where along it (0..1) it is nearest."""
    way = end - start
    along = float(np.clip((point - start) @ way / max(way @ way, 1e-12), 0.0, 1.0))
    return float(np.linalg.norm(point - start - along * way)), along


def _require(bone_map: BoneMap, part: Part, slot: str) -> None:
    if slot not in bone_map.slots:
        raise Refusal(f"Set the bone of {part.label} > {part.word(slot)} first: its control goes with it.")
