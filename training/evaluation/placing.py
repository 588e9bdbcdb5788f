"""Where generated frames stand: between the known ones, joined to them as in serving."""

from __future__ import annotations

import numpy as np

from backend.motion.kinematics import joint_positions
from backend.motion.motion import Motion
from backend.protocol import Context
from backend.systems.joining import joined
from backend.systems.timeline import Timeline


def gaps(unknown: np.ndarray) -> list[slice]:
    """The runs of frames, or places, that a mask (T,) marks, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], unknown, [False]]).astype(int)))
    return [slice(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def placed(made: Motion, recorded: Motion, unknown: np.ndarray) -> np.ndarray:
    """Joint positions (T, J, 3) of the recorded motion with its ``unknown`` frames (T,), never the first, taken from
    ``made``: T frames at the same rate that stand and face anywhere."""
    out = joint_positions(recorded).copy()
    for gap in gaps(unknown):
        out[gap] = _between(made, recorded, gap)
    return out


def _between(made: Motion, recorded: Motion, gap: slice) -> np.ndarray:
    """The joint positions of one gap's frames."""
    context = Context(recorded[: gap.start], recorded[gap.stop :] if gap.stop < len(recorded) else None)
    nothing = np.zeros(0, np.int64)  # which codes are known does not matter any more
    line = Timeline(context, nothing, nothing, 0, first=gap.start, step=1.0)
    return joint_positions(joined(made, line, gap.stop - gap.start).new)
