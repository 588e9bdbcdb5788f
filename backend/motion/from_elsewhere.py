"""A motion from elsewhere, a file or another armature, onto a character.

``retarget`` takes a recording as it is, as training does. Here what the eye expects comes on top: forearms that point
where they do, a floor at 0, contacts of the character's own feet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from . import kinematics, retarget
from .anatomy import kind_of
from .bone_map import HINGES, BoneMap
from .floor import foot_heights, on_floor
from .limbs import LimbCorrection
from .motion import Motion

_OTHER_FLOOR = 0.25
"""of the leg's length: when the feet mostly stand farther than this from the floor, the floor is elsewhere"""


def onto_character(
    motion: Motion,
    bone_map: BoneMap | None,
    points: Mapping[str, np.ndarray],
    frames: Mapping[str, np.ndarray] | None = None,
    correction: LimbCorrection | None = None,
) -> Motion:
    """``motion``, whose joints ``bone_map`` names (None: they are named like slots), on the character's own body.

    ``points`` and ``frames`` as for ``retarget.character_skeleton``. The result has fingers when both sides have them.
    ValueError when ``points`` are no body.
    """
    slots = motion.skeleton.names if bone_map is None else bone_map.slots
    kind = "smplx52" if kind_of(slots) == kind_of(points) == "smplx52" else "smpl22"
    body = retarget.character_skeleton(points, kind, frames)
    moved = _on_a_floor(retarget.retarget(motion, _pointing(bone_map), body, correction))
    return moved.with_contacts(kinematics.detect_contacts(moved))


def _pointing(bone_map: BoneMap | None) -> BoneMap | None:
    """Of split forearms and shins the bones that point: the retargeter takes the last ones, as training has it, and
    those of some recordings bend like a wrist."""
    if bone_map is None:
        return None
    return replace(bone_map, slots=bone_map.slots | {s: bone_map.slots[s][:1] for s in HINGES})


def _on_a_floor(motion: Motion) -> Motion:
    """A file may count heights from its hips, or from a floor of its own."""
    off = np.percentile(foot_heights(motion).min(axis=1), 5)
    return on_floor(motion) if abs(off) > _OTHER_FLOOR * motion.skeleton.leg_length else motion
