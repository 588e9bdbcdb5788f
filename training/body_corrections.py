"""The corrections of a body's surface that depend on its pose, as the few shapes that one motion mixes them from.

The model has one shape for every number of every joint's matrix, 486 of them; a clip visits a small part of what they
can do. The singular vectors of the clip's corrections are the shortest basis of that part, and a file with morph
targets can hold it, where it could not hold the 486.
"""

from __future__ import annotations

import numpy as np

MOST = 64
"""shapes beside the constant one; one of SMPL-X takes 126 kB"""
_SMALL = 1e-4  # metres: what moves no vertex further is left out


def shapes(pose_shapes: np.ndarray, matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (T, K) and displacements (K, V, 3) in metres whose mix is the correction in each frame.

    ``pose_shapes`` (V, 3, 9 (J - 1)) as in ``BodyModel``, ``matrices`` (T, J, 3, 3) local rotations. The first shape is
    there in full all the time and lets the weights of the others, at most ``MOST``, lie between 0 and 1: Blender cuts
    off what lies outside.
    """
    vertices, _, numbers = pose_shapes.shape
    basis = pose_shapes.reshape(-1, numbers)
    turned = (matrices[:, 1:] - np.eye(3)).reshape(len(matrices), numbers)
    mean = turned.mean(axis=0)
    away = turned - mean
    # the corrections are away @ basis.T, too large to decompose; their left singular vectors and values are those of
    # away @ root, where root @ root.T is the small Gram matrix of the basis
    values, vectors = np.linalg.eigh(basis.T @ basis)
    left, sizes, _ = np.linalg.svd(away @ (vectors * np.sqrt(np.maximum(values, 0.0))), full_matrices=False)
    kept = np.flatnonzero(sizes[:MOST] > 1e-9)
    weights = left[:, kept] * sizes[kept]
    found = (basis @ (away.T @ left[:, kept]) / sizes[kept]).T
    least, span = weights.min(axis=0), np.ptp(weights, axis=0)
    constant = basis @ mean + least @ found
    weights, found = (weights - least) / span, (found * span[:, None]).reshape(-1, vertices, 3)
    seen = np.linalg.norm(found, axis=2).max(axis=1, initial=0.0) > _SMALL
    ones = np.ones((len(weights), 1))
    return np.hstack([ones, weights[:, seen]]), np.concatenate([constant.reshape(1, vertices, 3), found[seen]])
