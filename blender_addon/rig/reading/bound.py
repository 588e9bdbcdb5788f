"""What of a pose is bound when certain bones are keyed or selected: no bpy here.

A keyed FK bone binds the rotation of its slot, an IK control the place and rotation of the limb's end, a pole where the
limb bends to, and what moves the whole body where it stands, how high, and where it faces. Of a limb with both kinds
of controls those count that its switch lets act.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from ...backend.motion.bone_map import BoneMap, Controls
from ...backend.motion.skeleton import ARM, KINDS, LEG, SMPL22_NAMES
from ..solving.control_plan import switched

OBJECT = ""
"""stands for the armature object itself where bones are named"""
LIMBS = {"wrist": ARM[1:], "ankle": LEG}
"""the slots of a limb by its end, without the side"""


@dataclass(frozen=True)
class Bound:
    """Slots whose rotation, place or bend is bound, and which parts of the root are."""

    turned: frozenset[str] = frozenset()
    placed: frozenset[str] = frozenset()
    bent: frozenset[str] = frozenset()
    ground: bool = False
    height: bool = False
    heading: bool = False

    def __bool__(self):
        return bool(self.turned or self.placed or self.bent or self.ground or self.height or self.heading)


def everything(bone_map: BoneMap, kind: str) -> Bound:
    """A whole pose."""
    return Bound(_with_passed(set(bone_map.slots), bone_map, kind), ground=True, height=True, heading=True)


def bound_by(
    bone_map: BoneMap,
    channels: Mapping[str, Collection[str]],
    switches: Mapping[tuple[str, str], float],
    kind: str,
) -> Bound:
    """``channels``: bone (or ``OBJECT``) -> which of "location" and "rotation" count; ``switches`` as in RigPose."""
    turned, placed, bent = set(), set(), set()
    modes = limb_modes(bone_map, switches)

    def any_of(bones: tuple[str, ...], *what: str) -> bool:
        return any(w in channels.get(bone, ()) for bone in bones for w in what)

    for slot, own in bone_map.slots.items():
        controls, mode = bone_map.controls.get(slot, Controls()), modes.get(slot, "fk")
        # what turns the toes of an IK foot may be an FK control
        fk_acts = mode != "ik" or (slot.endswith("_foot") and not controls.ik)
        if fk_acts and any_of(controls.fk or own, "rotation"):
            turned.add(slot)
        if mode != "fk":
            if any_of(controls.ik, "rotation"):
                turned.add(slot)
            if any_of(controls.ik, "location") and not slot.endswith("_foot"):
                placed.add(slot)
            if any_of(controls.pole, "location"):
                bent.add(slot)
    body = (bone_map.body or bone_map.slots["pelvis"][0],)
    ground = (OBJECT, bone_map.root or OBJECT)
    if any_of(body, "rotation"):
        turned.add("pelvis")
    moved = any_of(body, "location")
    return Bound(
        _with_passed(turned, bone_map, kind),
        frozenset(placed),
        frozenset(bent),
        ground=moved or any_of(ground, "location"),
        height=moved,
        heading=any_of((*body, *ground), "rotation"),
    )


def posing_channels(bone_map: BoneMap) -> set[tuple[str, str]]:
    """(bone, "location" or "rotation") of all that can pose the body, however the switches stand. What only moves it
    about, or moves fingers, is not among them."""
    found = {(bone_map.body or bone_map.slots["pelvis"][0], "rotation")}
    for slot, own in bone_map.slots.items():
        if slot not in SMPL22_NAMES:
            continue
        controls = bone_map.controls.get(slot, Controls())
        found |= {(bone, "rotation") for bone in (*(controls.fk or own), *controls.ik)}
        found |= {(bone, "location") for bone in (*controls.ik, *controls.pole)}
    return found


def in_turns(bound: Bound) -> Bound:
    """The body's part of ``bound``, told by rotations alone, as models know a pose: the place of a limb's end by the
    turns of the two joints above it, where it bends to by those of the hinge and the joint above."""
    turned = set(bound.turned)
    for slot in bound.placed:
        turned.update(_above(slot, 2))
    for slot in bound.bent:
        turned.update((slot, *_above(slot, 1)))
    return replace(bound, turned=frozenset(turned & set(SMPL22_NAMES)), placed=frozenset(), bent=frozenset())


def _above(slot: str, count: int) -> list[str]:
    """The next ``count`` joints from ``slot`` towards the pelvis."""
    names, parents = KINDS["smplx52"]
    found, j = [], parents[names.index(slot)]
    while j >= 0 and len(found) < count:
        found.append(names[j])
        j = parents[j]
    return found


def limb_modes(bone_map: BoneMap, switches: Mapping[tuple[str, str], float]) -> dict[str, str]:
    """Slot -> "fk", "ik", or "both" where no switch says which, for the slots of limbs that have IK controls."""
    modes = {}
    for slot, controls in bone_map.controls.items():
        side, _, end = slot.partition("_")
        if end in LIMBS and controls.ik:
            mode = switched(controls, switches) or ("both" if controls.fk else "ik")
            modes |= {f"{side}_{part}": mode for part in LIMBS[end]}
    return modes


def _with_passed(slots: set[str], bone_map: BoneMap, kind: str) -> frozenset[str]:
    """With the slots above that the rig lacks: a bone's rotation is told against the joints up to its parent bone."""
    names, parents = KINDS[kind]
    found = set()
    for slot in slots & set(names):
        j = names.index(slot)
        while j >= 0 and (names[j] == slot or names[j] not in bone_map.slots):
            found.add(names[j])
            j = parents[j]
    return frozenset(found)
