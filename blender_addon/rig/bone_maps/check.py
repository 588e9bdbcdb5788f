"""What is wrong with a bone map that somebody made by hand or brought from another rig."""

from __future__ import annotations

from ...backend.motion.anatomy import REQUIRED
from ...backend.motion.bone_map import BoneMap
from ...backend.motion.rest_rig import RestRig
from ...backend.motion.skeleton import SMPLX52_NAMES, SMPLX52_PARENTS
from ..listing import some
from ..reading import bone_properties

NEEDED = ("pelvis", *REQUIRED)
"""slots without which nothing can be put on a rig"""


def words(slot: str) -> str:
    """A slot as the animator reads it: "left elbow"."""
    return slot.replace("_", " ")


def problems(bone_map: BoneMap, rig: RestRig) -> tuple[str, ...]:
    """What must be put right before the map can be used on the rig, a sentence each; none = it fits."""
    gone = sorted(bone_map.bones - set(rig.names))
    if gone:
        return (f"The map names bones that this armature does not have: {some(gone)}.",)
    found = []
    lacking = [slot for slot in NEEDED if slot not in bone_map.slots]
    if lacking:
        found.append(f"No bones are set for: {', '.join(map(words, lacking))}.")
    return (*found, *_twice(bone_map), *_out_of_order(bone_map, rig), *_switches(bone_map, rig))


def _twice(bone_map: BoneMap) -> list[str]:
    slots: dict[str, list[str]] = {}
    for slot, bones in bone_map.slots.items():
        for bone in bones:
            slots.setdefault(bone, []).append(words(slot))
    return [f"Bone '{b}' stands for more than one part: {', '.join(s)}." for b, s in slots.items() if len(s) > 1]


def _out_of_order(bone_map: BoneMap, rig: RestRig) -> list[str]:
    """Bones of a slot that are not parents first, and slots whose bone carries the one that it should hang on."""
    above = {name: _above(rig, i) for i, name in enumerate(rig.names)}
    found = []
    for slot, bones in bone_map.slots.items():
        if any(lower in above[upper] for k, upper in enumerate(bones) for lower in bones[k + 1 :]):
            found.append(f"The bones of the {words(slot)} are not in order, parents first: {', '.join(bones)}.")
    for slot, parent in zip(SMPLX52_NAMES, SMPLX52_PARENTS):
        if parent < 0 or slot not in bone_map.slots or SMPLX52_NAMES[parent] not in bone_map.slots:
            continue
        upper = SMPLX52_NAMES[parent]
        bone, carried = bone_map.slots[slot][0], bone_map.slots[upper][0]
        if bone in above[carried]:
            found.append(f"'{bone}' ({words(slot)}) carries '{carried}' ({words(upper)}): the two are mixed up.")
    return found


def _above(rig: RestRig, bone: int) -> set[str]:
    """Names of the bones above ``bone``."""
    found, parent = set(), rig.parents[bone]
    while parent >= 0:
        found.add(rig.names[parent])
        parent = rig.parents[parent]
    return found


def _switches(bone_map: BoneMap, rig: RestRig) -> list[str]:
    return [
        f"Bone '{s.bone}' has no custom property '{s.property}', which should switch the {words(slot)}."
        for slot, controls in bone_map.controls.items()
        for s in controls.switches
        if s.property not in (*bone_properties.OWN, *rig.properties.get(s.bone, ()))
    ]
