"""What drivers make depend on the pose or the time: what such a bone or constraint does now, it will not do later."""

from __future__ import annotations

import re

import bpy

_BONE = re.compile(r'pose\.bones\["((?:[^"\\]|\\.)*)"\]\.(.+)')
_CONSTRAINT = re.compile(r'constraints\["((?:[^"\\]|\\.)*)"\]\.')
_KEYED = ("location", "rotation", "matrix")
_CHANNELS = (*_KEYED, "scale")


class Driven:
    """The bones whose own channels, and the constraints of bones one of whose settings, such a driver sets.

    Drivers that read custom properties do not count (these are switches), nor those that read the own channels of bones
    that are not among the ``movers``, which a motion may key or carry along, or a scale, which it never keys.
    """

    def __init__(self, rig: bpy.types.Object, movers: set[str]):
        self._bones: set[str] = set()
        self._constraints: set[tuple[str, str]] = set()
        for curve in rig.animation_data.drivers if rig.animation_data is not None else ():
            found = _BONE.match(curve.data_path)
            if found is None or curve.mute or not _moves(curve.driver, movers):
                continue
            bone, rest = bpy.utils.unescape_identifier(found[1]), found[2]
            constraint = _CONSTRAINT.match(rest)
            if constraint is not None:
                self._constraints.add((bone, bpy.utils.unescape_identifier(constraint[1])))
            elif rest.startswith(_CHANNELS):
                self._bones.add(bone)

    def bone(self, name: str) -> bool:
        return name in self._bones

    def constraint(self, bone: str, name: str) -> bool:
        return (bone, name) in self._constraints


def _moves(driver: bpy.types.Driver, movers: set[str]) -> bool:
    """Whether what the driver reads changes with the motion or with the frame."""
    if driver.type == "SCRIPTED" and re.search(r"\bframe\b", driver.expression):
        return True
    return any(_reads_a_mover(v, movers) for v in driver.variables)


def _reads_a_mover(variable: bpy.types.DriverVariable, movers: set[str]) -> bool:
    if variable.type == "SINGLE_PROP":
        return any(_is_moved(t.data_path, movers) for t in variable.targets)
    if variable.type == "TRANSFORMS":
        target = variable.targets[0]
        if target.transform_space == "LOCAL_SPACE" and target.bone_target:
            return target.bone_target in movers and not target.transform_type.startswith("SCALE")
    return variable.type != "CONTEXT_PROP"


def _is_moved(path: str, movers: set[str]) -> bool:
    """Whether the data path is a channel that a motion keys; one of an object counts as such."""
    found = _BONE.match(path)
    if found is None:
        return path.startswith(_CHANNELS)
    return bpy.utils.unescape_identifier(found[1]) in movers and found[2].startswith(_KEYED)
