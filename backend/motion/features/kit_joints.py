"""KIT's 21 joints (of the Master Motor Map) and ours, placed from each other.

=====  ========================================================  ===========================================
KIT    joint                                                     ours
=====  ========================================================  ===========================================
0      root, the middle of the hips                              pelvis
1, 2   base of the spine (BP), chest (BT)                        spine1, spine3
3, 4   base of the neck (BLN), head (BUN)                        neck, head
5-7    RIGHT shoulder, elbow, wrist; 8-10 the left ones          the same
11-15  RIGHT hip, knee, ankle, middle of the foot, toes          the same without the middle of the foot
16-20  the left ones                                             the same
=====  ========================================================  ===========================================

Which side is which is read off the published mean: with the body facing +Z joint 11 lies at x = -45 and joint 5 at -97,
and +X is left. The same mean has the root exactly between the hips and joint 3 between the shoulders: both are bars
that turn about their middle, so KIT's neck begins on the line of the shoulders and collar bones do not exist.
"""

from __future__ import annotations

import numpy as np

from ..skeleton import SMPL22_NAMES

_OURS = {
    "pelvis": 0, "spine1": 1, "spine3": 2, "neck": 3, "head": 4,
    "right_shoulder": 5, "right_elbow": 6, "right_wrist": 7, "left_shoulder": 8, "left_elbow": 9, "left_wrist": 10,
    "right_hip": 11, "right_knee": 12, "right_ankle": 13, "right_foot": 15,
    "left_hip": 16, "left_knee": 17, "left_ankle": 18, "left_foot": 20,
}  # fmt: skip
"""our joint to the KIT joint in the same place"""
SPINE2 = 0.68
"""how far up from spine1 to spine3 our spine2 lies, as in the canonical skeleton"""
COLLAR = 0.3
"""how far out from the middle of the shoulders our collars begin, as in the canonical skeleton"""
MIDFOOT = 0.35
"""how far from ankle to toes the middle of KIT's foot lies (published mean)"""
_INDEX = {name: j for j, name in enumerate(SMPL22_NAMES)}


def from_smpl(positions) -> np.ndarray:
    """Positions (T, 22, 3) of SMPL's joints -> (T, 21, 3) of KIT's, same unit: root and base of the neck between hips
    and shoulders, the middle of a foot on the way to its toes."""
    out = np.empty((len(positions), 21, 3))
    for name, joint in _OURS.items():
        out[:, joint] = positions[:, _INDEX[name]]
    out[:, 0] = (out[:, 11] + out[:, 16]) / 2.0
    out[:, 3] = (out[:, 5] + out[:, 8]) / 2.0
    for ankle in (13, 18):
        out[:, ankle + 1] = out[:, ankle] + MIDFOOT * (out[:, ankle + 2] - out[:, ankle])
    return out


def to_smpl(points) -> np.ndarray:
    """Positions (T, 21, 3) of KIT's joints -> (T, 22, 3) of SMPL's, same unit: spine2 on the way from spine1 to spine3,
    collars on the way from the base of the neck to the shoulders."""
    out = np.empty((len(points), len(SMPL22_NAMES), 3))
    for name, joint in _OURS.items():
        out[:, _INDEX[name]] = points[:, joint]
    out[:, _INDEX["spine2"]] = points[:, 1] + SPINE2 * (points[:, 2] - points[:, 1])
    for side, shoulder in (("left", 8), ("right", 5)):
        out[:, _INDEX[f"{side}_collar"]] = points[:, 3] + COLLAR * (points[:, shoulder] - points[:, 3])
    return out
