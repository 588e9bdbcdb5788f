"""What codecs refuse, said by all of them in the same words."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..motion import Motion

_BODIES = {"smpl22": "SMPL-22", "smplx52": "SMPL-X-52"}


def checked_motion(motion: Motion, title: str, kinds: tuple[str, ...], fps: Fraction) -> Motion:
    """``motion``; ValueError that names the remedy when it is on another skeleton than ``kinds`` or at another rate."""
    if motion.skeleton.kind not in kinds:
        bodies = " or ".join(_BODIES[kind] for kind in kinds)
        raise ValueError(
            f"{title} describes {bodies} motions, got skeleton kind {motion.skeleton.kind!r}; retarget first"
        )
    if motion.fps != fps:
        raise ValueError(f"{title} runs at {float(fps):g} fps, got {float(motion.fps):g}; resample first")
    return motion


def checked_rows(features, title: str, widths: tuple[int, ...]) -> np.ndarray:
    """(T, width) as float64; ValueError for another shape, no row, or numbers that are not finite."""
    features = np.asarray(features, dtype=np.float64)
    if features.ndim != 2 or features.shape[1] not in widths or not len(features):
        shapes = " or ".join(f"(T, {width})" for width in widths)
        raise ValueError(f"{title} features must be {shapes} with T >= 1, got {features.shape}")
    if not np.isfinite(features).all():
        raise ValueError(f"{title} features must not contain NaN or infinite numbers")
    return features
