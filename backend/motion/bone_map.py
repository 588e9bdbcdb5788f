"""Bone map v1: slot -> ordered list of bones and a role, as JSON; presets for known naming schemes.

A slot is a humanoid role named like a canonical joint ("left_elbow"). Of several bones in a slot the first gives the
joint's position and the last its full orientation; those between share the way there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .anatomy import REQUIRED
from .skeleton import SMPL22_NAMES, SMPLX52_NAMES

VERSION = 1
PRESETS = Path(__file__).parent / "presets"
ROLES = ("deform",)


class NoMapFits(ValueError):
    """No preset matches the bones; ``missing`` lists the slots that the nearest preset did not find."""

    def __init__(self, message: str, nearest: str, missing: list[str]):
        super().__init__(message)
        self.nearest, self.missing = nearest, missing


@dataclass(frozen=True)
class BoneMap:
    """``slots``: slot -> bone names, parent first; ``pelvis`` and the slots of ``anatomy.REQUIRED`` are there."""

    name: str
    slots: dict[str, tuple[str, ...]]

    def to_dict(self) -> dict:
        slots = {s: {"bones": list(b), "role": "deform"} for s, b in self.slots.items()}
        return {"version": VERSION, "name": self.name, "slots": slots}

    @classmethod
    def from_dict(cls, d: dict) -> BoneMap:
        if d.get("version") != VERSION:
            raise ValueError(
                f"bone map version {d.get('version')!r} cannot be read; this build reads version {VERSION}"
            )
        slots = {}
        for slot, entry in d["slots"].items():
            if slot not in SMPLX52_NAMES:
                raise ValueError(f"unknown slot {slot!r} in bone map {d.get('name')!r}")
            if entry.get("role", "deform") not in ROLES:
                raise ValueError(f"slot {slot!r} has role {entry['role']!r}; this build knows {', '.join(ROLES)}")
            if not entry["bones"]:
                raise ValueError(f"slot {slot!r} lists no bones")
            slots[slot] = tuple(str(b) for b in entry["bones"])
        return cls(str(d["name"]), slots)


def load(path: Path) -> BoneMap:
    """Read one bone map file."""
    return BoneMap.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))


def presets() -> list[BoneMap]:
    """The shipped presets, best known first."""
    return [load(p) for p in sorted(PRESETS.glob("*.json"))]


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
    return BoneMap(preset.name, slots)


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
        names = ", ".join(s.replace("_", " ") for s in missing)
        message = (
            f"no bone map fits this armature ({len(bones)} bones). Nearest: {best.name}, {found} of {len(needed)} "
            f"needed slots found; not found: {names}. Known naming schemes: {', '.join(c.name for c in candidates)}"
        )
        raise NoMapFits(message, best.name, missing)
    return best
