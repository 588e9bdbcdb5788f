"""HumanML3D-263: 22 joints in SMPL's order at 20 fps, metres, by the recipe of ``guo`` (papers.md 1.1 to 1.5).

Rows hold no twist about any bone: decoding finds it again (``from_positions``). Motions are put on the reference
skeleton of HumanML3D before they are described, so that published models see the proportions that they know.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from .. import kinematics
from ..from_positions import solve
from ..motion import Motion
from . import guo, humanml3d_body
from .checks import checked_motion
from .guo_skeleton import GuoSkeleton

NAME, TITLE = "humanml263", "HumanML3D-263"
KIND = "smpl22"
WIDTH = 263
FPS = Fraction(20)
CHAINS = ((0, 2, 5, 8, 11), (0, 1, 4, 7, 10), (0, 3, 6, 9, 12, 15), (9, 14, 17, 19, 21), (9, 13, 16, 18, 20))
AXES = {"+x": (1, 0, 0), "-x": (-1, 0, 0), "+y": (0, 1, 0), "-y": (0, -1, 0), "+z": (0, 0, 1)}
# QUIRK: arms hang down at rest and the head looks forward, unlike our T-pose
_REST = "+x -x +y -y -y +y -y -y +y +z +z +y +x -x +z -y -y -y -y -y -y"
DIRECTIONS = np.array([(0, 0, 0), *(AXES[name] for name in _REST.split())], dtype=float)
LENGTHS = humanml3d_body.LENGTHS[KIND]
"""metres"""
FACE, LOWER_LEGS = (2, 1, 17, 16), (5, 8)
FEET = (7, 10, 8, 11)  # QUIRK: ankle and foot of the left, then of the right
CONTACT = 0.002
"""square metres per frame: about 0.9 m/s at 20 fps"""
SKELETON = GuoSkeleton(TITLE, CHAINS, DIRECTIONS, FACE, FEET, LOWER_LEGS, CONTACT)
LAYOUT = SKELETON.layout


def encode(motion: Motion) -> np.ndarray:
    """Motion on SMPL-22 at 20 fps, T+1 frames -> (T, 263) float32. Where it stands and faces is lost."""
    there = checked_motion(motion, TITLE, (KIND,), FPS).on(humanml3d_body.REFERENCE[KIND])
    return encode_positions(kinematics.joint_positions(there), lengths=None)


def encode_positions(positions, lengths=LENGTHS) -> np.ndarray:
    """Joint positions (T+1, 22, 3) at 20 fps -> (T, 263) float32, put on bones of ``lengths`` (22,) metres first."""
    return guo.rows(SKELETON, guo.standardise(SKELETON, positions, lengths))


def decode(features) -> Motion:
    """(T, 263) -> Motion of T frames at 20 fps on SMPL-22 that starts at x = z = 0 facing +Z, with true local rotations
    and the rows' contacts (over one half)."""
    features = guo.mended(SKELETON, features)
    motion = solve(decode_positions(features), FPS, KIND, humanml3d_body.REFERENCE[KIND])
    return motion.with_contacts(features[:, LAYOUT["contacts"]] > 0.5)


def decode_positions(features) -> np.ndarray:
    """(T, 263) -> joint positions (T, 22, 3) in metres, from the positions block."""
    return guo.joints_from_ric(SKELETON, features)


def decode_rotations(features) -> np.ndarray:
    """(T, 263) -> joint positions (T, 22, 3) in metres, from the rotations block on the reference bone lengths."""
    return guo.joints_from_rotations(SKELETON, features, LENGTHS)
