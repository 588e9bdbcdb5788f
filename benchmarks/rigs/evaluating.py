"""How long 300 frames take on a control rig that no formula solves, which Blender evaluates in slices."""

from __future__ import annotations

import time
from dataclasses import dataclass

import bpy

from tests.blender.measure import module

from . import driving
from .clips import Clip
from .seconds import of_length


@dataclass(frozen=True)
class Evaluated:
    """``controls`` of them were fitted; ``seconds`` of this process in all, ``longest`` of them in one slice."""

    rig: str
    mode: str
    controls: int
    seconds: float
    longest: float


def hang(armature: bpy.types.Object, bone_map) -> None:
    """Have the bones that the controls hang on turn with the body's control, by constraints that no formula covers."""
    controls = bone_map.controls.values()
    names = {bone for c in controls for bone in (*c.fk, *c.ik, *c.pole)} - {bone_map.body}
    carriers = {b.name for b in armature.pose.bones[bone_map.body].parent_recursive}
    hung = set()
    for name in names:
        parents = (b.name for b in armature.pose.bones[name].parent_recursive)
        hung.add(next((b for b in parents if b not in bone_map.bones), name))
    for bone in hung - names - carriers:
        turns = armature.pose.bones[bone].constraints.new("TRANSFORM")
        turns.target, turns.subtarget = armature, bone_map.body
        turns.map_from = turns.map_to = "ROTATION"
        turns.owner_space = turns.target_space = "LOCAL"
        turns.from_min_y_rot, turns.from_max_y_rot, turns.to_min_y_rot, turns.to_max_y_rot = -2.0, 2.0, -0.3, 0.3
        turns.map_to_y_from = "Y"


def evaluated(name: str, armature: bpy.types.Object, bone_map, clip: Clip, options, mode: str) -> Evaluated:
    """Of a rig that ``hang`` has changed."""
    driving.clear(armature)
    pose = module("rig.reading.read").read_rig(bpy.context, armature, bone_map)
    motion = of_length(driving.onto(pose, clip, corrected=False)[1])
    solution = module("rig.solving.solve").solve(pose, motion, options)
    fitting = module("rig.fitting.evaluated")
    evaluation, slices, over = fitting.Evaluation(armature, pose, solution, driving.START), [], False
    while not over:
        began = time.process_time()
        over = evaluation.step(fitting.SLICE)
        slices.append(time.process_time() - began)
    return Evaluated(name, mode.upper(), len(solution.unsolved), sum(slices), max(slices))
