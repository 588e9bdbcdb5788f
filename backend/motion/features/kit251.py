"""KIT-251: 21 joints at 12.5 fps by the recipe of ``guo`` (papers.md 1.8). Joint positions only.

The joints are those of KIT's own body model, in its own unit of length (millimetres in the published files), so there
is no Motion to describe here: what is read from KIT-ML comes as positions, and what is decoded goes out as positions.
The lengths of its reference skeleton (clip 03950) are not public, so bones keep their own unless the caller has them.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from . import guo
from .guo_skeleton import GuoSkeleton

NAME = "kit251"
WIDTH = 251
FPS = Fraction(25, 2)  # every eighth of 100 frames a second
CHAINS = ((0, 11, 12, 13, 14, 15), (0, 16, 17, 18, 19, 20), (0, 1, 2, 3, 4), (3, 5, 6, 7), (3, 8, 9, 10))
_SPINE, _DOWN, _TOES = ((0, 1, 0),) * 4, ((0, -1, 0),) * 2, ((0, 0, 1),) * 2
_PLUS, _MINUS = ((1, 0, 0),), ((-1, 0, 0),)
_REST = (_SPINE, _PLUS, _DOWN, _MINUS, _DOWN, _PLUS, _DOWN, _TOES, _MINUS, _DOWN, _TOES)
DIRECTIONS = np.array([(0, 0, 0), *(direction for part in _REST for direction in part)], dtype=float)
FACE, LOWER_LEGS = (11, 16, 5, 8), (17, 18)
FEET = (19, 20, 14, 15)  # QUIRK: the left foot's two joints first, though the right leg has the lower numbers
CONTACT = 0.05
"""squared units of length per frame, as published: not scaled to millimetres"""
SKELETON = GuoSkeleton(NAME, CHAINS, DIRECTIONS, FACE, FEET, LOWER_LEGS, CONTACT)
LAYOUT = SKELETON.layout


def encode_positions(positions, lengths=None) -> np.ndarray:
    """Joint positions (T+1, 21, 3) at 12.5 fps -> (T, 251) float32; ``lengths`` (21,) of a reference skeleton in the
    same unit, None keeps the clip's own."""
    return guo.rows(SKELETON, guo.standardise(SKELETON, positions, lengths))


def decode_positions(features) -> np.ndarray:
    """(T, 251) -> joint positions (T, 21, 3) from the positions block, in the unit of the rows."""
    return guo.joints_from_ric(SKELETON, features)


def decode_rotations(features, lengths) -> np.ndarray:
    """(T, 251) and bone ``lengths`` (21,) -> joint positions (T, 21, 3) from the rotations block."""
    return guo.joints_from_rotations(SKELETON, features, lengths)
