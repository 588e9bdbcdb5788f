"""KIT-251: the 21 joints of KIT-ML at 12.5 fps by the recipe of ``guo`` (papers.md 1.8), millimetres.

A Motion on SMPL-22 is put on KIT's joints and back (``kit_joints``). The bodies of KIT-ML are of one size, smaller than
any adult (its mean root is 0.56 m over the floor); decoding keeps that size, retargeting scales it. The lengths of
its reference skeleton (clip 03950) are not public: whoever has KIT-ML reads them off any clip with ``bone_lengths``
and encodes with them; without them bones keep their own.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from .. import kinematics
from ..from_positions import solve
from ..motion import Motion
from ..skeleton import canonical
from . import guo
from .checks import checked_motion
from .guo_skeleton import GuoSkeleton
from .kit_joints import from_smpl, to_smpl

NAME, TITLE = "kit251", "KIT-251"
KIND = "smpl22"
WIDTH = 251
FPS = Fraction(25, 2)  # every eighth of 100 frames a second
PER_METRE = 1000.0
CHAINS = ((0, 11, 12, 13, 14, 15), (0, 16, 17, 18, 19, 20), (0, 1, 2, 3, 4), (3, 5, 6, 7), (3, 8, 9, 10))
_SPINE, _DOWN, _TOES = ((0, 1, 0),) * 4, ((0, -1, 0),) * 2, ((0, 0, 1),) * 2
# QUIRK: at rest 5 and 11, the RIGHT shoulder and hip, lie at +x, which is left: hips and shoulders are stored half a
# turn from rest
_PLUS, _MINUS = ((1, 0, 0),), ((-1, 0, 0),)
_REST = (_SPINE, _PLUS, _DOWN, _MINUS, _DOWN, _PLUS, _DOWN, _TOES, _MINUS, _DOWN, _TOES)
DIRECTIONS = np.array([(0, 0, 0), *(direction for part in _REST for direction in part)], dtype=float)
FACE, LOWER_LEGS = (11, 16, 5, 8), (17, 18)
FEET = (19, 20, 14, 15)  # QUIRK: the left foot's two joints first, though the right leg has the lower numbers
# QUIRK: square units per frame, not scaled to millimetres: a foot stands in 1.7 % of the published frames, so decoding
# finds contacts anew
CONTACT = 0.05
# m/s and metres, what ``kinematics.detect_contacts`` takes for a grown person
_SLOW, _LOW = 0.35, 0.06
SKELETON = GuoSkeleton(TITLE, CHAINS, DIRECTIONS, FACE, FEET, LOWER_LEGS, CONTACT)
LAYOUT = SKELETON.layout


def encode(motion: Motion, lengths=None) -> np.ndarray:
    """Motion on SMPL-22 at 12.5 fps, T+1 frames -> (T, 251) float32, on bones of ``lengths`` as ``encode_positions``.
    Where it stands and faces is lost."""
    checked_motion(motion, TITLE, (KIND,), FPS)
    return encode_positions(PER_METRE * from_smpl(kinematics.joint_positions(motion)), lengths)


def encode_positions(positions, lengths=None) -> np.ndarray:
    """Joint positions (T+1, 21, 3) at 12.5 fps, millimetres -> (T, 251) float32; ``lengths`` (21,) of a reference
    skeleton in millimetres, None keeps the clip's own."""
    return guo.rows(SKELETON, guo.standardise(SKELETON, positions, lengths))


def decode(features) -> Motion:
    """(T, 251) -> Motion of T frames at 12.5 fps on SMPL-22 that starts at x = z = 0 facing +Z, with true local
    rotations. Its contacts are those of its feet, not the rows', which are next to never set."""
    motion = solve(to_smpl(joint_positions(guo.mended(SKELETON, features))), FPS, KIND)
    # a body of half the size goes half as fast
    size = motion.skeleton.leg_length / canonical(KIND).leg_length
    return motion.with_contacts(kinematics.detect_contacts(motion, _SLOW * size, _LOW * size))


def joint_positions(features) -> np.ndarray:
    """(T, 251) -> positions (T, 21, 3) of KIT's joints in metres."""
    return decode_positions(features) / PER_METRE


def decode_positions(features) -> np.ndarray:
    """(T, 251) -> joint positions (T, 21, 3) in millimetres, from the positions block."""
    return guo.joints_from_ric(SKELETON, features)


def decode_rotations(features, lengths) -> np.ndarray:
    """(T, 251) and bone ``lengths`` (21,) -> joint positions (T, 21, 3) from the rotations block, in their unit."""
    return guo.joints_from_rotations(SKELETON, features, lengths)


def bone_lengths(positions) -> np.ndarray:
    """Any published clip of joints (T, 21, 3) -> the (21,) lengths that all of KIT-ML has, millimetres."""
    return guo.bone_lengths(SKELETON, positions)
