"""Which bones of a rig are keyed for a motion: the controls of each limb in the mode that the animator prefers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...backend.motion.bone_map import BoneMap, Controls, Switch
from ...backend.motion.skeleton import ARM, LEG
from ..bones import RigPose
from ..keys import PropertyKey
from ..options import WriteOptions

_LIMBS = {"arms": ARM[1:], "legs": LEG}
_ENDS = {"arms": "wrist", "legs": "ankle"}


@dataclass(frozen=True)
class Plan:
    """``fk``: bone -> slot that it is turned as. ``ik``: bone -> slot that it is turned as and moved with. ``poles``:
    bone -> slot of the joint that the limb bends at. ``properties``: the switches that make Blender listen to these."""

    fk: dict[str, str]
    ik: dict[str, str]
    poles: dict[str, str]
    properties: tuple[PropertyKey, ...]

    @property
    def keyed(self) -> set[str]:
        """Every bone that gets keys."""
        return self.fk.keys() | self.ik.keys() | self.poles.keys()


def plan(pose: RigPose, options: WriteOptions) -> Plan:
    """Slots without controls are keyed by their own bones; the control of the whole body is turned as the pelvis."""
    bone_map = pose.bone_map
    out = Plan({}, {}, {}, ())
    limbs, properties = {}, []
    for kind, joints in _LIMBS.items():
        for side in ("left_", "right_"):
            end = bone_map.controls.get(side + _ENDS[kind], Controls())
            mode = _mode(getattr(options, kind), end, pose.switches)
            limbs |= {side + joint: mode for joint in joints}
            properties += [key for s in end.switches for key in _key(s, mode)]
    if bone_map.body is not None:
        out.fk[bone_map.body] = "pelvis"
    for slot in bone_map.slots:
        _add(out, bone_map, slot, limbs.get(slot, "fk"))
    return Plan(out.fk, out.ik, out.poles, tuple(properties))


def switched(end: Controls, switches: Mapping[tuple[str, str], float]) -> str | None:
    """The mode, "fk" or "ik", that the switches of a limb's end (values as in RigPose) stand nearer to; None when none
    of them tells the two apart."""
    for s in end.switches:
        now = switches.get((s.bone, s.property))
        if now is not None and s.fk is not None and s.ik is not None and s.fk != s.ik:
            return "ik" if abs(now - s.ik) < abs(now - s.fk) else "fk"
    return None


def _mode(wanted: str, end: Controls, switches: Mapping[tuple[str, str], float]) -> str:
    """How a limb whose end has these controls is keyed: "fk" or "ik"."""
    if not (end.ik and end.fk):
        return "ik" if end.ik else "fk"
    if wanted != "auto":
        return wanted
    return switched(end, switches) or "fk"


def _key(switch: Switch, mode: str) -> list[PropertyKey]:
    value = switch.fk if mode == "fk" else switch.ik
    return [] if value is None else [PropertyKey(switch.bone, switch.property, value)]


def _add(out: Plan, bone_map: BoneMap, slot: str, mode: str) -> None:
    controls = bone_map.controls.get(slot, Controls())
    if mode == "ik" and slot.endswith(tuple(_ENDS.values())):
        out.ik.update(dict.fromkeys(controls.ik, slot))
    elif mode == "ik" and not slot.endswith("_foot"):
        out.poles.update(dict.fromkeys(controls.pole, slot))
    else:
        # a toe control stands on the foot, so it is only turned; a rig may have one that serves both modes
        toes = controls.ik if mode == "ik" else ()
        out.fk.update(dict.fromkeys(toes or controls.fk or bone_map.slots[slot], slot))
