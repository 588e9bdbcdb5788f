"""Motion-X-623: 52 joints (SMPL-X without jaw and eyes) at 30 fps, metres, by the recipe of ``guo`` (papers.md 1.9).

A row parts exactly into an ordinary 263-row of the body (at 30 fps) and 360 numbers of the hands: ``split``, ``join``.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from .. import kinematics
from ..from_positions import solve
from ..motion import Motion
from . import guo, humanml3d_body, humanml263
from .checks import checked_motion
from .guo_skeleton import GuoSkeleton

NAME, TITLE = "motionx623", "Motion-X-623"
KIND = "smplx52"
WIDTH = 623
FPS = Fraction(30)
_LEFT = ((20, 22, 23, 24), (20, 34, 35, 36), (20, 25, 26, 27), (20, 31, 32, 33), (20, 28, 29, 30))
_RIGHT = ((21, 43, 44, 45), (21, 46, 47, 48), (21, 40, 41, 42), (21, 37, 38, 39), (21, 49, 50, 51))
CHAINS = humanml263.CHAINS + _LEFT + _RIGHT
# QUIRK: fingers point sideways at rest, though the arms hang down
DIRECTIONS = np.concatenate([humanml263.DIRECTIONS, np.repeat([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]], 15, axis=0)])
LENGTHS = humanml3d_body.LENGTHS[KIND]
"""metres"""
# QUIRK: the threshold of 20 fps stays at 30, which is a looser test
SKELETON = GuoSkeleton(
    TITLE, CHAINS, DIRECTIONS, humanml263.FACE, humanml263.FEET, humanml263.LOWER_LEGS, humanml263.CONTACT
)
LAYOUT = SKELETON.layout
BODY_WIDTH, HAND_WIDTH = humanml263.WIDTH, 360
HAND_LAYOUT = {"positions": slice(0, 90), "rotations": slice(90, 270), "velocities": slice(270, 360)}
"""of joints 22 to 51 in the hands' 360 numbers"""


def encode(motion: Motion) -> np.ndarray:
    """Motion on SMPL-X-52 at 30 fps, T+1 frames -> (T, 623) float32. Where it stands and faces is lost."""
    there = checked_motion(motion, TITLE, (KIND,), FPS).on(humanml3d_body.REFERENCE[KIND])
    return encode_positions(kinematics.joint_positions(there), lengths=None)


def encode_positions(positions, lengths=LENGTHS) -> np.ndarray:
    """Joint positions (T+1, 52, 3) at 30 fps -> (T, 623) float32, put on bones of ``lengths`` (52,) metres first."""
    return guo.rows(SKELETON, guo.standardise(SKELETON, positions, lengths))


def decode(features) -> Motion:
    """(T, 623) -> Motion of T frames at 30 fps on SMPL-X-52 that starts at x = z = 0 facing +Z, with true local
    rotations and the rows' contacts (over one half)."""
    features = guo.mended(SKELETON, features)
    motion = solve(decode_positions(features), FPS, KIND, humanml3d_body.REFERENCE[KIND])
    return motion.with_contacts(features[:, LAYOUT["contacts"]] > 0.5)


def decode_positions(features) -> np.ndarray:
    """(T, 623) -> joint positions (T, 52, 3) in metres, from the positions block."""
    return guo.joints_from_ric(SKELETON, features)


def decode_rotations(features) -> np.ndarray:
    """(T, 623) -> joint positions (T, 52, 3) in metres, from the rotations block on the reference bone lengths."""
    return guo.joints_from_rotations(SKELETON, features, LENGTHS)


def split(features) -> tuple[np.ndarray, np.ndarray]:
    """Rows (..., 623) -> body (..., 263), laid out as HumanML3D-263, and hands (..., 360) as in ``HAND_LAYOUT``.
    Mean and std are parted in the same way."""
    features = _ending(features, WIDTH, "rows")
    body, hands = _columns()
    return features[..., body], features[..., hands]


def join(body, hands) -> np.ndarray:
    """Body (..., 263) and hands (..., 360) -> rows (..., 623): the exact inverse of ``split``."""
    body, hands = _ending(body, BODY_WIDTH, "body"), _ending(hands, HAND_WIDTH, "hands")
    if body.shape[:-1] != hands.shape[:-1]:
        raise ValueError(f"{TITLE} needs body and hands of the same frames, got {body.shape} and {hands.shape}")
    out = np.empty(body.shape[:-1] + (WIDTH,), dtype=np.result_type(body, hands))
    for columns, part in zip(_columns(), (body, hands)):
        out[..., columns] = part
    return out


def _columns() -> tuple[np.ndarray, np.ndarray]:
    """Which of the 623 columns are the body's, which the hands'."""
    body, hands = [], []
    for name, block in LAYOUT.items():
        theirs = HAND_LAYOUT.get(name, slice(0, 0))
        border = block.stop - (theirs.stop - theirs.start)  # joints are in order, the hands' are the last
        body.append(np.arange(block.start, border))
        hands.append(np.arange(border, block.stop))
    return np.concatenate(body), np.concatenate(hands)


def _ending(array, width: int, what: str) -> np.ndarray:
    array = np.asarray(array)
    if array.shape[-1:] != (width,):
        raise ValueError(f"{TITLE} needs {what} (..., {width}), got {array.shape}")
    return array
