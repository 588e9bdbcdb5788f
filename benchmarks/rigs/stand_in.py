"""A stand-in for the user's SMPLX_NEUTRAL.npz: its arrays, with a body of octahedra on our own canonical skeleton."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from backend.motion.body_model import SMPLX55_PARENTS
from tests import synthetic_body_model

from .solids import FACES, octahedra

_TIPS = {0: (0.0, 0.11, 0.0), 15: (0.0, 0.2, 0.0), 10: (0.0, 0.0, 0.08), 11: (0.0, 0.0, 0.08)}
"""pelvis, head and toes: where the bone ends, from its joint"""


def write(path: Path) -> Path:
    """Each joint moves one octahedron, from itself to the next joint, whole."""
    arrays = synthetic_body_model.arrays()
    joints = arrays["J_regressor"] @ arrays["v_template"]
    tails = np.array([_tail(joints, j) for j in range(len(joints))])
    sideways = np.where(np.abs(tails - joints)[:, :1] > 0.03, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    corners = octahedra(joints, tails, sideways, 0.01)
    count = corners.shape[1]
    arrays |= {
        "v_template": corners.reshape(-1, 3),
        "J_regressor": np.kron(np.eye(len(joints)), np.eye(count)[0]),
        "weights": np.kron(np.eye(len(joints)), np.ones((count, 1))),
        "f": np.concatenate([FACES + count * j for j in range(len(joints))]).astype(np.uint32),
        "shapedirs": np.zeros((count * len(joints), 3, 10)),
        "posedirs": np.zeros((count * len(joints), 3, 9 * (len(joints) - 1))),
    }
    np.savez(path, **arrays)
    return path


def _tail(joints, j: int) -> np.ndarray:
    children = [c for c, parent in enumerate(SMPLX55_PARENTS) if parent == j and c > j]
    if j in _TIPS or not children:
        above = joints[j] - joints[SMPLX55_PARENTS[j]]
        return joints[j] + np.asarray(_TIPS.get(j, above * 0.8))
    # the middle one of several: the middle finger of a hand, the spine of the pelvis
    middle = joints[children].mean(axis=0)
    return joints[min(children, key=lambda c: float(np.linalg.norm(joints[c] - middle)))]
