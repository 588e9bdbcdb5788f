"""Where a rig's joints are in the evaluated scene, and where the Motion's own kinematics say they should be."""

from __future__ import annotations

import sys

import bpy
import numpy as np

ADDON = "bl_ext.user_default.posewright"


def module(name: str):
    """A module of the installed add-on: "rig.writing.actions", "backend.motion.kinematics"."""
    __import__(f"{ADDON}.{name}")
    return sys.modules[f"{ADDON}.{name}"]


def held() -> list[tuple[str, str]]:
    """All that Blender holds, by kind and name."""
    kinds = [p.identifier for p in bpy.data.bl_rna.properties if p.type == "COLLECTION"]
    return sorted({(type(thing).__name__, thing.name) for kind in kinds for thing in getattr(bpy.data, kind)})


def posed(rig: bpy.types.Object, bone: str) -> np.ndarray:
    """(3,) the evaluated head of a bone in world metres, Y up, by Blender's own evaluation."""
    evaluated = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    x, y, z = evaluated.matrix_world @ evaluated.pose.bones[bone].head
    return np.array([x, z, -y]) * bpy.context.scene.unit_settings.scale_length


def deviation(rig: bpy.types.Object, result, frames=None, slots=None) -> float:
    """Largest distance in metres between the posed bones and the Motion's joints, over every mapped slot that moves, or
    over ``slots``."""
    motion = result.takes[result.report.chosen]
    expected = module("backend.motion.kinematics").joint_positions(motion)
    worst = 0.0
    for t in range(0, len(motion), 7) if frames is None else frames:
        bpy.context.scene.frame_set(result.order.start + t)
        for slot, bones in result.order.pose.bone_map.slots.items():
            if slot not in motion.skeleton.names:
                continue  # a finger: it keeps its pose on the hand
            if slots is not None and slot not in slots:
                continue
            goal = expected[t, motion.skeleton.names.index(slot)] + [0.0, result.order.pose.floor, 0.0]
            worst = max(worst, float(np.linalg.norm(posed(rig, bones[0]) - goal)))
    return worst
