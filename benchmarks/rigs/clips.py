"""Real recordings to drive rigs with: CMU trials at 30 fps, standing on y = 0, starting at the origin facing +Z."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.motion import bone_map_json
from tests.blender.measure import module
from training.data.sources.cmu import Cmu

RATE = 30
TEN = {
    "02_01": "walk",
    "02_03": "run",
    "02_05": "punch",
    "05_06": "pirouettes and a jump",
    "14_24": "direct traffic, wave",
    "14_36": "sit down, stand up",
    "16_03": "high jump",
    "16_17": "walk, turn left",
    "49_06": "cartwheel",
    "135_07": "round kick",
}
"""trials that are measured, all frames of them"""
SHOWN = {"walk": ("02_01", 0, 85), "wave": ("14_24", 340, 425), "sit": ("14_36", 18, 96), "turn": ("16_17", 0, 129)}
"""rows of a sheet: trial, first and last frame"""


@dataclass(frozen=True, eq=False)
class Clip:
    """``motion`` on the performer's own skeleton, with contacts; ``bone_map`` says what its joints are."""

    name: str
    motion: object
    bone_map: object


def read(folder: Path, trial: str) -> Clip:
    """One trial below ``folder`` (the ``cmu`` folder of the mocap pack). ValueError when it is not there."""
    source = Cmu(folder)
    item = next((item for item in source.items() if item.id == trial), None)
    if item is None:
        raise ValueError(f"{folder} has no trial {trial}: unpack ../shared/data/mocap-pack.tar.xz and name its folder")
    take = next(source.read(item))
    bone_map = module("backend.motion.bone_map_json").from_dict(bone_map_json.to_dict(take.bone_map))
    motion = module("backend.motion.resample").resample(_ours(take.motion), RATE)
    return Clip(trial, _placed(motion, bone_map), bone_map)


def _ours(motion):
    """The repository's Motion as one of the installed add-on."""
    skeleton = module("backend.motion.skeleton").Skeleton.from_dict(motion.skeleton.to_dict())
    return module("backend.motion.motion").Motion(skeleton, motion.root, motion.rotations, motion.fps)


def _placed(motion, bone_map):
    kinematics, retarget = module("backend.motion.kinematics"), module("backend.motion.retarget")
    body = retarget.retarget(motion, bone_map)
    standing = module("backend.motion.floor").on_floor(body)
    yaw = kinematics.heading(standing)[0]
    points = retarget.slot_points(motion.skeleton, bone_map)
    size = retarget.leg_length(points) / body.skeleton.leg_length
    raised = (standing.root[0, 1] - body.root[0, 1]) * size
    turned = motion.moved(-yaw)
    x, _, z = turned.root[0]
    return turned.moved(0.0, np.array([-x, raised, -z])).with_contacts(standing.contacts)
