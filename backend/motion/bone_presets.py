"""Bone maps of known naming schemes, and the one of them that fits a rig's bones under any prefix."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from .anatomy import REQUIRED
from .bone_map import BoneMap, NoMapFits
from .bone_map_json import load
from .skeleton import SMPL22_NAMES

PRESETS = Path(__file__).parent / "presets"
ORDER = (
    "mixamo", "smplx", "smpl", "unreal", "humanoid", "mesh2motion", "kaykit",
    "cmu_motionbuilder", "cmu_joints", "cmu_asf", "daz_cgspeed",
)  # fmt: skip
"""files of the presets, best known first"""
_NEAR = 0.34
"""share of the needed slots from which on a preset is named as the nearest"""


@cache
def presets() -> tuple[BoneMap, ...]:
    """The shipped presets, best known first."""
    return tuple(load(PRESETS / f"{name}.json") for name in ORDER)


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
    if "spine3" in preset.slots and "spine3" not in slots:
        # a shorter spine: neck and arms hang on its topmost bone, which is what spine3 means to the rest of the body
        top = next((s for s in ("spine2", "spine1") if s in slots), None)
        if top:
            slots["spine3"] = slots.pop(top)
    return BoneMap(preset.name, slots)


def match(bone_names, candidates: Sequence[BoneMap] | None = None) -> BoneMap:
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
        if found < _NEAR * len(needed):
            # a hand named "Hand" is no sign of a scheme: to list its missing slots would send the reader astray
            known = "hardly any known names" if best.slots else "no known names"
            message = f"no bone map fits this armature: its bones ({len(bones)}) have {known}. {schemes}"
            raise NoMapFits(message, None, missing, best.slots)
        names = ", ".join(s.replace("_", " ") for s in missing)
        message = (
            f"no bone map fits this armature ({len(bones)} bones). Nearest: {best.name}, {found} of {len(needed)} "
            f"needed slots found; not found: {names}. {schemes}"
        )
        raise NoMapFits(message, best.name, missing, best.slots)
    return best
