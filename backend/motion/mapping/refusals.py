"""Armatures that are no single human body: on four legs, or two characters in one."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from .. import rotations as rot
from ..anatomy import REQUIRED
from ..bone_map import BoneMap, NoMapFits
from ..rest_rig import RestRig
from . import body
from .slots import Found

_UPRIGHT = 0.5
"""least cosine between the trunk (hips to arms) and the legs turned round, for a biped"""
_ALONGSIDE = 0.8
"""cosine between arms and legs from which on arms stand on the ground like forelegs"""
_COPY = re.compile(r"\.\d{3}$")
"""what Blender puts behind the names of a second armature's bones when it joins the two"""


def four_legs(rig: RestRig, slots: Mapping[str, tuple[str, ...]]) -> None:
    """NoMapFits when the trunk lies and the arms stand on the ground beside the legs."""
    heads = dict(zip(rig.names, np.nan_to_num(np.asarray(rig.heads, float))))

    def middle(part: str) -> np.ndarray:
        return (heads[slots[f"left_{part}"][0]] + heads[slots[f"right_{part}"][0]]) / 2

    hips, shoulders = middle("hip"), middle("shoulder")
    trunk, legs, arms = map(rot.normalize, (shoulders - hips, middle("ankle") - hips, middle("wrist") - shoulders))
    if -(trunk @ legs) < _UPRIGHT and arms @ legs > _ALONGSIDE:
        fore, hind = slots["left_shoulder"][0], slots["left_hip"][0]
        raise NoMapFits(
            f"this armature stands on four legs ({fore!r} and {hind!r} point the same way and the trunk lies between): "
            "only humanoid rigs can be mapped",
            None,
            list(REQUIRED),
        )


def second_by_shape(rig: RestRig, found: Found) -> None:
    """NoMapFits when there is another body beside the one that was found."""
    other = body.second(found.tree, found.body)
    if other is not None:
        raise _two("hips", rig.names[found.trunk.pelvis], rig.names[body.hub(found.tree, other)])


def second_by_name(rig: RestRig, bone_map: BoneMap) -> None:
    """NoMapFits when the whole body is there once more under names that Blender numbered, wherever that one stands."""
    copies = {_COPY.sub("", name): name for name in rig.names if _COPY.search(name)}
    carrier = bone_map.body or bone_map.slots["pelvis"][0]
    if all(bone in copies for bone in (carrier, *(bone_map.slots[slot][0] for slot in REQUIRED))):
        raise _two("bones", carrier, copies[carrier])


def _two(what: str, one: str, other: str) -> NoMapFits:
    return NoMapFits(
        f"this armature holds two characters ({what} {one!r} and {other!r}): separate it into one each "
        "(Edit Mode, Armature > Separate)",
        None,
        [],
    )
