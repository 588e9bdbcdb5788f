"""Change a motion's frame rate. Rates are ratios, so 24000/1001 and 24 are different rates and both exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import rotations as rot
from .motion import Motion, as_rate


def resample(motion: Motion, fps, frames: int | None = None) -> Motion:
    """The motion at ``fps``: rotations by slerp, root linearly, contacts from the nearest frame.

    The first frame keeps its time. Without ``frames`` the last new frame lies at or before the last old one; with it,
    exactly that many frames come back and times past the end hold the last pose.
    """
    fps = as_rate(fps)
    if fps == motion.fps and frames in (None, len(motion)):
        return motion
    if frames is None:
        frames = int((len(motion) - 1) / motion.fps * fps) + 1
    if frames < 1:
        raise ValueError(f"a motion needs at least one frame, got {frames}")
    # whole numbers first: float times would drift over long takes
    step = motion.fps / fps
    times = np.arange(frames, dtype=np.int64) * step.numerator / step.denominator
    return replace(sample(motion, times), fps=fps)


def sample(motion: Motion, times) -> Motion:
    """The motion at fractional frame numbers ``times`` (T'), clamped to its ends; ``fps`` is kept."""
    times = np.clip(np.asarray(times, float), 0.0, len(motion) - 1.0)
    low = np.minimum(times.astype(int), max(len(motion) - 2, 0))
    high = np.minimum(low + 1, len(motion) - 1)
    t = times - low
    return replace(
        motion,
        root=motion.root[low] * (1.0 - t)[:, None] + motion.root[high] * t[:, None],
        rotations=rot.slerp(motion.rotations[low], motion.rotations[high], t[:, None]),
        contacts=motion.contacts[np.rint(times).astype(int)],
    )
