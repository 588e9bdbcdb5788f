"""Bone map v1: slot -> ordered list of bones and a role, as JSON; presets for known naming schemes.

A slot is a humanoid role named like a canonical joint ("left_elbow"). Of several bones in a slot the first gives the
joint's position and the last its full orientation; those between share the way there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from .anatomy import REQUIRED
from .skeleton import SMPL22_NAMES, SMPLX52_NAMES

VERSION = 1
PRESETS = Path(__file__).parent / "presets"
ROLES = ("deform",)
ORDER = (
    "mixamo", "smplx", "smpl", "unreal", "humanoid", "mesh2motion", "kaykit",
    "cmu_motionbuilder", "cmu_joints", "cmu_asf", "daz_cgspeed",
)  # fmt: skip
"""files of the presets, best known first"""
NEAR = 0.34
"""share of the needed slots from which on a preset is named as the nearest"""


class NoMapFits(ValueError):
    """No preset matches the bones; ``missing`` lists the slots that the ``nearest`` preset did not find (None: none is
    near)."""

    def __init__(self, message: str, nearest: str | None, missing: list[str]):
        super().__init__(message)
        self.nearest, self.missing = nearest, missing


@dataclass(frozen=True)
class BoneMap:
    """``slots``: slot -> bone names, parent first; ``pelvis`` and the slots of ``anatomy.REQUIRED`` are there.
    ``roles``: slot -> one of ``ROLES``; those not given are "deform"."""

    name: str
    slots: dict[str, tuple[str, ...]]
    roles: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        object.__setattr__(self, "roles", {s: self.roles.get(s, ROLES[0]) for s in self.slots})

    def to_dict(self) -> dict:
        slots = {s: {"bones": list(b), "role": self.roles[s]} for s, b in self.slots.items()}
        return {"version": VERSION, "name": self.name, "slots": slots}

    @classmethod
    def from_dict(cls, d: dict) -> BoneMap:
        if d.get("version") != VERSION:
            raise ValueError(
                f"bone map version {d.get('version')!r} cannot be read; this build reads version {VERSION}"
            )
        slots, roles = {}, {}
        for slot, entry in d["slots"].items():
            if slot not in SMPLX52_NAMES:
                raise ValueError(f"unknown slot {slot!r} in bone map {d.get('name')!r}")
            roles[slot] = entry.get("role", ROLES[0])
            if roles[slot] not in ROLES:
                raise ValueError(f"slot {slot!r} has role {roles[slot]!r}; this build knows {', '.join(ROLES)}")
            if not entry["bones"]:
                raise ValueError(f"slot {slot!r} lists no bones")
            slots[slot] = tuple(str(b) for b in entry["bones"])
        return cls(str(d["name"]), slots, roles)


def load(path: Path) -> BoneMap:
    """Read one bone map file."""
    return BoneMap.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))


def presets() -> list[BoneMap]:
    """The shipped presets, best known first."""
    return [load(PRESETS / f"{name}.json") for name in ORDER]


def _prefixes(bones) -> list[str]:
    """Prefixes that a naming scheme may carry in front of every bone: "", "mixamorig:", "mixamorig1:", "f_avg_" ..."""
    found = {""}
    for bone in bones:
        if ":" in bone:
            found.add(bone.rsplit(":", 1)[0] + ":")
        for root in ("Pelvis", "pelvis", "Hips"):
            if bone.endswith(root) and bone != root:
                found.add(bone[: -len(root)])
    return sorted(found, key=len)


def _fit(preset: BoneMap, bones: set[str], prefix: str) -> BoneMap:
    slots = {}
    for slot, names in preset.slots.items():
        present = tuple(prefix + n for n in names if prefix + n in bones)
        if present:
            slots[slot] = present
    roles = {s: preset.roles[s] for s in slots}
    if "spine3" in preset.slots and "spine3" not in slots:
        # a shorter spine: neck and arms hang on its topmost bone, which is what spine3 means to the rest of the body
        top = next((s for s in ("spine2", "spine1") if s in slots), None)
        if top:
            slots["spine3"], roles["spine3"] = slots.pop(top), roles.pop(top)
    return BoneMap(preset.name, slots, roles)


def match(bone_names, candidates: list[BoneMap] | None = None) -> BoneMap:
    """The preset that finds most slots among ``bone_names``, under any prefix; optional slots may be absent.

    Raises NoMapFits, naming the slots not found by the nearest preset, when a required one is missing everywhere.
    """
    bones = set(bone_names)
    candidates = presets() if candidates is None else candidates
    fits = [_fit(preset, bones, prefix) for preset in candidates for prefix in _prefixes(bones)]
    needed = ("pelvis",) + REQUIRED

    def score(fit: BoneMap):
        # bones before slots: MotionBuilder's names hold most of Mixamo's, but its own preset claims more of the body
        body = sum(len(fit.slots[s]) for s in SMPL22_NAMES if s in fit.slots)
        return (sum(s in fit.slots for s in needed), body, len(fit.slots))

    best = max(fits, key=score)
    missing = [s for s in needed if s not in best.slots]
    if missing:
        found = len(needed) - len(missing)
        schemes = f"Known naming schemes: {', '.join(c.name for c in candidates)}"
        if found < NEAR * len(needed):
            # a hand named "Hand" is no sign of a scheme: to list its missing slots would send the reader astray
            known = "hardly any known names" if best.slots else "no known names"
            message = f"no bone map fits this armature: its bones ({len(bones)}) have {known}. {schemes}"
            raise NoMapFits(message, None, missing)
        names = ", ".join(s.replace("_", " ") for s in missing)
        message = (
            f"no bone map fits this armature ({len(bones)} bones). Nearest: {best.name}, {found} of {len(needed)} "
            f"needed slots found; not found: {names}. {schemes}"
        )
        raise NoMapFits(message, best.name, missing)
    return best
