"""A solution as the curves that are to be written: each bone in its own rotation mode, without protected channels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import bpy
import numpy as np

from ..keys import BoneKeys, ObjectKeys, PropertyKey
from ..reading import bone_properties
from . import channels
from .object_channels import object_values
from .protected import Protected

_OBJECT_GROUP = "Object Transforms"
_BONE = re.compile(r'pose\.bones\["((?:[^"\\]|\\.)*)"\]')


@dataclass(frozen=True, eq=False)
class Curves:
    """Values (T, all channels) of one property, and the ``channels`` of it that are keyed."""

    group: str
    path: str
    values: np.ndarray
    channels: list[int]


def bone_curves(rig: bpy.types.Object, keys: BoneKeys, protected: Protected) -> Iterator[Curves]:
    bone = rig.pose.bones[keys.bone]
    yield from _curves(bone, bone_path(keys.bone) + ".", keys.bone, keys.location, keys.rotation, protected)


def object_curves(rig: bpy.types.Object, keys: ObjectKeys, protected: Protected) -> Iterator[Curves]:
    location, rotation = object_values(rig, keys)
    yield from _curves(rig, "", _OBJECT_GROUP, location, rotation, protected)


def bone_path(bone: str) -> str:
    return f'pose.bones["{bpy.utils.escape_identifier(bone)}"]'


def bone_of(curve: bpy.types.FCurve) -> str:
    """The bone that a curve moves; empty when it moves something else."""
    found = _BONE.match(curve.data_path)
    return bpy.utils.unescape_identifier(found[1]) if found else ""


def property_path(key: PropertyKey) -> str:
    return bone_path(key.bone) + bone_properties.path_of(key.property)


def _curves(owner, prefix: str, group: str, location, rotation, protected: Protected) -> Iterator[Curves]:
    if location is not None:
        free = protected.free(owner, prefix + "location", "location", 3)
        yield Curves(group, prefix + "location", location, free)
    if rotation is None:
        return
    mode = owner.rotation_mode
    angles = protected.angles(owner)
    if angles:
        rotation = channels.with_locked_angles(rotation, channels.rotation_now(owner), angles)
    path, size = channels.path_of(mode), channels.size_of(mode)
    free = protected.free(owner, prefix + path, path, size)
    yield Curves(group, prefix + path, channels.rotation_values(rotation, mode), free)
