"""Rig systems known by the names of a few bones, and whether a rig of theirs was run here."""

from __future__ import annotations

from dataclasses import dataclass

from ..rest_rig import RestRig


@dataclass(frozen=True)
class System:
    """``marks``: a rig has, for every mark, a bone with it in its name (lower case). ``tested``: False = only read
    about."""

    name: str
    marks: tuple[str, ...]
    tested: bool


SYSTEMS = (
    System("Auto-Rig Pro", ("thigh_stretch.", "arm_stretch."), False),
    System("CloudRig", ("str-", "fk-", "def-"), False),
    System("DAZ Genesis", ("abdomenlower", "lshldr"), False),
    System("DAZ Genesis", ("l_metatarsal", "l_upperarm"), False),
    System("Character Creator", ("cc_base_",), False),
    System("SMPL-X add-on", ("root", "left_eye_smplhf"), False),
    System("VRoid", ("j_bip_c_hips",), False),
    System("3ds Max Biped", ("bip0", " thigh"), True),
    System("MakeHuman", ("upperleg01.", "lowerarm02."), True),
    System("Quaternius", ("abdomen", "torso", "upperleg.l"), True),
    System("Rigify bones", ("def-spine", "def-thigh."), True),
    System("Rigify bones", ("org-spine", "org-thigh."), True),
)


def detect(rig: RestRig) -> System | None:
    """The system that the bones' names are those of; None for our own characters, named as the SMPL-X add-on's."""
    if rig.ours:
        return None
    lower = "\n".join(rig.names).lower()
    return next((s for s in SYSTEMS if all(mark in lower for mark in s.marks)), None)
