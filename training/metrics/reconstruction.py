"""How far a motion that went through a tokenizer is from what it was: errors of joint positions, use of the codes.

Positions are (T, J, 3) in metres, errors in millimetres. MPJPE and PA-MPJPE are what MotionGPT (T5), MotionGPT3 and
others print; both hide that the whole body drifts, which the error without alignment shows.
"""

from __future__ import annotations

import numpy as np

MM = 1000.0


def joint_errors(found, truth, root: int | None = None) -> np.ndarray:
    """(T, J) distance of every joint, with the joint ``root`` of both put at the origin when one is given. MPJPE is the
    mean, the root's zeros among it."""
    found, truth = _pair(found, truth)
    if root is not None:
        found, truth = found - found[:, root, None], truth - truth[:, root, None]
    return MM * np.linalg.norm(found - truth, axis=-1)


def fitted_errors(found, truth) -> np.ndarray:
    """(T, J) distance of every joint after the similarity that fits each frame best. PA-MPJPE is the mean."""
    found, truth = _pair(found, truth)
    return joint_errors(fitted(found, truth), truth)


def acceleration_errors(found, truth) -> np.ndarray:
    """(T - 2, J) distance of the joints' second differences, mm a frame squared, in the world. ACCL is the mean."""
    found, truth = _pair(found, truth)
    return MM * np.linalg.norm(np.diff(found - truth, n=2, axis=0), axis=-1)


def fitted(found, truth) -> np.ndarray:
    """``found`` with each frame turned, scaled and moved onto ``truth`` (Procrustes, never mirrored)."""
    found, truth = _pair(found, truth)
    centre, true_centre = found.mean(axis=1, keepdims=True), truth.mean(axis=1, keepdims=True)
    a, b = found - centre, truth - true_centre
    left, sizes, right = np.linalg.svd(np.einsum("tji,tjk->tik", a, b))
    mirrored = np.linalg.det(left @ right) < 0.0
    left[mirrored, :, 2] *= -1.0
    sizes[mirrored, 2] *= -1.0
    spread = np.maximum(np.square(a).sum(axis=(1, 2)), 1e-12)  # a body in one point stays one
    scale = sizes.sum(axis=1) / spread
    return scale[:, None, None] * (a @ left @ right) + true_centre


def usage(counts) -> dict[str, float]:
    """How often each code was met -> "codes" there are, how many were "used", and their "perplexity": so many codes
    met equally often would say as much."""
    counts = np.asarray(counts, dtype=float)
    share = counts[counts > 0] / max(counts.sum(), 1.0)
    perplexity = float(np.exp(-np.sum(share * np.log(share)))) if len(share) else 0.0
    return {"codes": len(counts), "used": len(share), "perplexity": perplexity}


def _pair(found, truth) -> tuple[np.ndarray, np.ndarray]:
    found, truth = np.asarray(found, dtype=float), np.asarray(truth, dtype=float)
    if found.shape != truth.shape or found.ndim != 3 or found.shape[2] != 3 or not found.size:
        raise ValueError(f"positions must be two of one shape (T, J, 3), got {found.shape} and {truth.shape}")
    return found, truth
