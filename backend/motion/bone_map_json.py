"""The JSON form of bone maps, with a version."""

from __future__ import annotations

import json
import math
from pathlib import Path

from .bone_map import BoneMap, Calibration, Controls, Switch
from .skeleton import SMPLX52_NAMES

VERSION = 1
ROLES = ("deform", "fk", "ik", "pole", "twist", "switch")
SPACE = "armature"
"""the space of a calibration's numbers: the armature's own axes and units"""
_KINDS = {
    str: "a text", list: "a list [...]", dict: "an object {...}", bool: "true or false", (int, float): "a number"
}  # fmt: skip
"""what JSON calls them"""


def to_dict(bone_map: BoneMap) -> dict:
    out = {"version": VERSION, "name": bone_map.name, "slots": {s: _parts(bone_map, s) for s in bone_map.slots}}
    out |= {key: bone for key, bone in (("body", bone_map.body), ("root", bone_map.root)) if bone is not None}
    if bone_map.calibration is not None:
        c = bone_map.calibration
        out["calibration"] = {
            "space": SPACE,
            "t_pose": c.t_pose,
            "bones": {b: {"rotation": list(q), "head": list(c.heads[b])} for b, q in c.rotations.items()},
        }
    return out


def from_dict(d: dict) -> BoneMap:
    """ValueError says what of ``d`` cannot be used."""
    if not isinstance(d, dict) or d.get("version") != VERSION:
        version = d.get("version") if isinstance(d, dict) else None
        raise ValueError(f"bone map version {version!r} cannot be read; this build reads version {VERSION}")
    name, slots, controls = _field(d, "name", str, "the map"), {}, {}
    for slot, parts in _field(d, "slots", dict, "the map").items():
        if slot not in SMPLX52_NAMES:
            raise ValueError(f"unknown slot {slot!r} in bone map {name!r}")
        slots[slot], found = _read_parts(slot, _as(parts, list, f"slot {slot!r}"))
        if found != Controls():
            controls[slot] = found
    calibration = _read_calibration(d["calibration"]) if d.get("calibration") is not None else None
    body, root = (None if d.get(key) is None else _field(d, key, str, "the map") for key in ("body", "root"))
    return BoneMap(name, slots, controls, body, root, calibration)


def load(path: Path) -> BoneMap:
    """Read one bone map file."""
    return from_dict(json.loads(Path(path).read_text(encoding="utf-8")))


def _parts(bone_map: BoneMap, slot: str) -> list[dict]:
    c = bone_map.controls.get(slot, Controls())
    parts = [("deform", bone_map.slots[slot]), ("fk", c.fk), ("ik", c.ik), ("pole", c.pole), ("twist", c.twist)]
    out = [{"role": role, "bones": list(bones)} for role, bones in parts if bones]
    for s in c.switches:
        out.append({"role": "switch", "bones": [s.bone], "property": s.property, "fk": s.fk, "ik": s.ik})
    return out


def _read_parts(slot: str, parts: list) -> tuple[tuple[str, ...], Controls]:
    found: dict[str, tuple[str, ...]] = {}
    switches = []
    for number, part in enumerate(parts, start=1):
        where = f"entry {number} of slot {slot!r}"
        role, names = _field(part, "role", str, where), _field(part, "bones", list, where)
        bones = tuple(_as(b, str, f"a bone in {where}") for b in names)
        if role not in ROLES:
            raise ValueError(f"slot {slot!r} has role {role!r}; this build knows {', '.join(ROLES)}")
        if not bones:
            raise ValueError(f"slot {slot!r} lists no bones for role {role!r}")
        if role == "switch":
            fk, ik = (_value(part, mode, where) for mode in ("fk", "ik"))
            switches.append(Switch(bones[0], _field(part, "property", str, where), fk, ik))
        elif role in found:
            raise ValueError(f"slot {slot!r} has two lists of role {role!r}")
        else:
            found[role] = bones
    if "deform" not in found:
        raise ValueError(f"slot {slot!r} lists no bones of its own (role 'deform')")
    return found.pop("deform"), Controls(**found, switches=tuple(switches))


def _value(part: dict, mode: str, where: str) -> float | None:
    """What a switch has in this mode; None where it is not touched."""
    return None if part.get(mode, 0) is None else float(_field(part, mode, (int, float), where))


def _read_calibration(d: dict) -> Calibration:
    space = _field(d, "space", str, "the calibration")
    if space != SPACE:
        raise ValueError(f"calibration space {space!r} is not known; this build reads {SPACE!r}")
    rotations, heads = {}, {}
    for bone, entry in _field(d, "bones", dict, "the calibration").items():
        where = f"bone {bone!r} of the calibration"
        rotations[bone] = _numbers(_field(entry, "rotation", list, where), 4, f"the rotation of {where}")
        heads[bone] = _numbers(_field(entry, "head", list, where), 3, f"the head of {where}")
    return Calibration(rotations, heads, _field(d, "t_pose", bool, "the calibration"))


def _numbers(values: list, count: int, where: str) -> tuple[float, ...]:
    fitting = len(values) == count and all(isinstance(v, (int, float)) and math.isfinite(v) for v in values)
    if not fitting:
        raise ValueError(f"{where} is {values!r:.60}; it has to be {count} finite numbers")
    return tuple(float(v) for v in values)


def _field(d, key: str, kind: type | tuple[type, ...], where: str):
    """``d[key]``, of this kind; ValueError says what stands ``where`` instead."""
    if key not in _as(d, dict, where):
        raise ValueError(f"{where} has no {key!r}")
    return _as(d[key], kind, f"{key!r} of {where}")


def _as(value, kind: type | tuple[type, ...], where: str):
    if not isinstance(value, kind):
        raise ValueError(f"{where} is {value!r:.60}; it has to be {_KINDS[kind]}")
    return value
