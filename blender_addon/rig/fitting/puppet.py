"""A copy of a rig on a stage of its own, which Blender evaluates while the animator goes on working.

It stays between the slices of the work, since making it takes longer than a slice. It is marked, so that ``sweep``
finds it wherever it turns up: the add-on sweeps before the file is saved or left and around undo and redo.
"""

from __future__ import annotations

from collections.abc import Iterator

import bpy
from mathutils import Quaternion

from ..keys import Solution
from ..reading import bone_properties
from .fitting import set_rotation
from .needed import needed, owner_of

_MARK = "posewright_stage"
SWEEPING = ("save_pre", "load_pre", "load_post", "undo_pre", "undo_post", "redo_pre", "redo_post")
"""Blender's handlers. Whatever the animator does meanwhile is remembered for undo with the puppet in it, and automatic
saves know no handler: hence those that come after"""


class Puppet:
    """The rig in its present pose, without animation, but with its drivers and constraints, which act within the copy;
    ``strip`` leaves those that have a say in what is ``unsolved``. The switches stand as the solution wants them."""

    def __init__(self, rig: bpy.types.Object, solution: Solution):
        self.rig, armature = rig.copy(), rig.data.copy()
        self._scene = bpy.data.scenes.new("Posewright Stage")
        for thing in (self.rig, armature, self._scene):
            thing[_MARK] = True
        self.rig.name = armature.name = "Posewright Puppet"
        self._uids = {thing.session_uid for thing in (self.rig, self._scene)}
        self.rig.data = armature
        self.rig.hide_viewport = False
        _point_at(armature, rig, self.rig)
        _still(self.rig)
        for key in solution.properties:
            bone_properties.put(self.rig.pose.bones[key.bone], key.property, key.value)
        carried = {goal.carries for goal in solution.unsolved.values() if goal.carries}
        self._kept = needed(self.rig, carried.union(solution.unsolved))
        self._solved = [key for key in solution.bones if key.bone in self._kept]
        self._scene.collection.objects.link(self.rig)

    @property
    def alive(self) -> bool:
        """Whether it is still there: it is swept away when the animator saves or goes back."""
        return len(self._uids.intersection(t.session_uid for t in (*bpy.data.objects, *bpy.data.scenes))) == 2

    def strip(self) -> Iterator[None]:
        """In steps: nothing acts any more on bones that have no say, and none is drawn. An evaluation takes half."""
        animation = self.rig.animation_data
        for curve in list(animation.drivers) if animation is not None else ():
            if owner_of(curve) not in self._kept | {None}:
                animation.drivers.remove(curve)
                yield
        for bone in self.rig.pose.bones:
            bone.custom_shape = None
            for c in list(bone.constraints) if bone.name not in self._kept else ():
                bone.constraints.remove(c)
            yield

    def key(self, t: int) -> None:
        """Pose the bones whose keys are known as on frame ``t`` of the motion."""
        for key in self._solved:
            bone = self.rig.pose.bones[key.bone]
            if key.rotation is not None:
                set_rotation(bone, Quaternion(key.rotation[t]))
            if key.location is not None:
                bone.location = key.location[t]

    def at(self, frame: int) -> bpy.types.Object:
        """Evaluated on a frame of the scene, for drivers that read the time."""
        self._scene.frame_set(frame)
        return self._evaluated()

    def again(self) -> bpy.types.Object:
        """Evaluated after its pose was changed."""
        self._scene.view_layers[0].update()
        return self._evaluated()

    def _evaluated(self) -> bpy.types.Object:
        return self.rig.evaluated_get(self._scene.view_layers[0].depsgraph)


@bpy.app.handlers.persistent
def sweep(*_) -> None:
    """Handler, of SWEEPING: take every puppet away, also one that an undo or a recovered file has brought back."""
    for kind in (bpy.data.scenes, bpy.data.objects, bpy.data.armatures):
        for thing in [thing for thing in kind if _MARK in thing]:
            kind.remove(thing)


def _still(puppet: bpy.types.Object) -> None:
    """Nothing plays on it any more."""
    animation = puppet.animation_data
    if animation is not None:
        animation.action = None
        for track in list(animation.nla_tracks):
            animation.nla_tracks.remove(track)


def _point_at(armature: bpy.types.Armature, rig: bpy.types.Object, puppet: bpy.types.Object) -> None:
    """Blender turns a copy's own drivers to the copy, but not those of the armature's data."""
    for curve in armature.animation_data.drivers if armature.animation_data is not None else ():
        for variable in curve.driver.variables:
            for aim in variable.targets:
                if aim.id == rig:
                    aim.id = puppet
                elif aim.id == rig.data:
                    aim.id = armature
