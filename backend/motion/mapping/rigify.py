"""The bone map of a generated Rigify control rig.

A slot's own bones are the ORG bones: they stand where the rig's deforming bones go, whatever moves them. Keyed are the
controls; tweaks, heels, spins and the face stay with the animator.
"""

from __future__ import annotations

import numpy as np

from ..anatomy import REQUIRED
from ..bone_map import BoneMap, Controls, Switch
from ..rest_rig import RestRig

_ARM = {"shoulder": "upper_arm", "elbow": "forearm", "wrist": "hand"}
_LEG = {"hip": "thigh", "knee": "shin", "ankle": "foot"}
_FINGERS = {"thumb": "thumb", "index": "f_index", "middle": "f_middle", "ring": "f_ring", "pinky": "f_pinky"}
_SPINES = ("spine1", "spine2", "spine3")
# property -> its values while the limb is keyed in FK and in IK; old Rigify spells the first one with a slash.
# Without the pole vector a limb in IK would turn by a control of its own.
_SWITCHES = {"IK_FK": (1.0, 0.0), "IK/FK": (1.0, 0.0), "IK_Stretch": (None, 0.0), "pole_vector": (None, 1.0)}
_STRETCH = ("ik_stretch", None, 0.0)
"""Rigify's property only keeps the target within reach: the bones of the limb stretch and shrink by Blender's own"""
_NEAR = 1e-4
"""of the rig's height: controls that begin so near to an ORG bone stand for it"""


def rigify(rig: RestRig) -> BoneMap | None:
    """None when ``rig`` is not a Rigify control rig with two arms, two legs and a spine."""
    names = set(rig.names)
    if not {"torso", "ORG-spine"} <= names:
        return None
    slots, controls = _torso(rig)
    for side, end in (("left_", ".L"), ("right_", ".R")):
        _add(names, slots, controls, side + "collar", "shoulder" + end, "shoulder" + end)
        _add_limb(rig, slots, controls, side, end, _ARM)
        _add_limb(rig, slots, controls, side, end, _LEG)
        toe = next((t for t in (f"toe_fk{end}", f"toe{end}") if t in names), "")
        _add(names, slots, controls, side + "foot", "toe" + end, toe, ik=_there(names, f"toe_ik{end}"))
        for finger, bone in _FINGERS.items():
            for k in (1, 2, 3):
                _add(names, slots, controls, f"{side}{finger}{k}", f"{bone}.0{k}{end}", f"{bone}.0{k}{end}")
    if not all(slot in controls for slot in REQUIRED):
        return None
    return BoneMap("rigify", slots, controls, "torso", "root" if "root" in names else None)


def _there(names: set[str], *bones: str) -> tuple[str, ...]:
    return tuple(b for b in bones if b in names)


def _add(names, slots, controls, slot: str, bone: str, fk: str, **others) -> None:
    """A slot whose own bone has a control; without either it is left out."""
    if {f"ORG-{bone}", fk} <= names:
        slots[slot], controls[slot] = (f"ORG-{bone}",), Controls((fk,), **others)


def _add_limb(rig: RestRig, slots, controls, side: str, end: str, joints: dict[str, str]) -> None:
    names = set(rig.names)
    first, middle, last = joints
    parent, pole = f"{joints[first]}_parent{end}", f"{joints[first]}_ik_target{end}"
    there = rig.properties.get(parent, ())
    switches = tuple(Switch(parent, name, *values) for name, values in _SWITCHES.items() if name in there)
    bent = _there(names, f"{joints[first]}_ik{end}", f"MCH-{joints[middle]}_ik{end}")
    switches += tuple(Switch(bone, *_STRETCH) for bone in bent)
    others = {
        middle: {"pole": _there(names, pole)},
        last: {"ik": _there(names, f"{joints[last]}_ik{end}"), "switches": switches},
    }
    for joint, bone in joints.items():
        _add(names, slots, controls, side + joint, bone + end, f"{bone}_fk{end}", **others.get(joint, {}))


def _torso(rig: RestRig) -> tuple[dict[str, tuple[str, ...]], dict[str, Controls]]:
    """Slots and controls from the pelvis to the head. Where neck and head begin their controls say."""
    names = set(rig.names)
    bones = [b for b in ("spine", *(f"spine.{k:03d}" for k in range(1, 100))) if f"ORG-{b}" in names]
    top = _begins(rig, bones, "head", len(bones))
    neck = _begins(rig, bones[:top], "neck", top)
    parts = dict(zip(("pelvis", *_spine_slots(neck - 1)), _shared(bones[:neck])))
    slots = {slot: tuple(f"ORG-{b}" for b in part) for slot, part in parts.items()}
    controls = {
        slot: Controls(_there(names, *(b.replace("spine", "spine_fk") for b in p))) for slot, p in parts.items()
    }
    if not all(c.fk for c in controls.values()):
        # generated without FK controls for the spine: its two ends are left to turn
        ends = {"pelvis": "hips", "spine3": "chest"}
        slots = {slot: slots[slot] for slot in ends if slot in slots}
        controls = {slot: Controls((ends[slot],)) for slot in slots}
    for slot, part, control in (("neck", bones[neck:top], "neck"), ("head", bones[top:], "head")):
        if part:
            slots[slot], controls[slot] = tuple(f"ORG-{b}" for b in part), Controls((control,))
    return slots, controls


def _spine_slots(count: int) -> tuple[str, ...]:
    """The chest is the topmost one: neck and arms hang on it."""
    return (_SPINES[: count - 1] + _SPINES[2:]) if 0 < count < 3 else _SPINES[: max(count, 0)]


def _shared(bones: list[str]) -> list[list[str]]:
    """The pelvis' bone, then those above it for at most three slots."""
    above = bones[1:]
    parts = np.array_split(np.array(above, object), min(3, len(above))) if above else []
    return [bones[:1], *(list(p) for p in parts)]


def _begins(rig: RestRig, bones: list[str], control: str, otherwise: int) -> int:
    """Index of the ORG bone that begins where ``control`` does."""
    if control not in rig.names:
        return otherwise
    index = {n: i for i, n in enumerate(rig.names)}
    height = np.ptp(rig.heads, axis=0).max()
    away = [np.linalg.norm(rig.heads[index[f"ORG-{b}"]] - rig.heads[index[control]]) for b in bones]
    nearest = int(np.argmin(away))
    return nearest if away[nearest] < _NEAR * height else otherwise
