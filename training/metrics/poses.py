"""How well a generated motion keeps the poses that it was given: Recon, Vel and Dist of MotionGPT's Table 1 and
MotionGPT-2's Table V. Neither paper has code or a formula for them; the definition is ours (papers.md 6.5), so they
compare systems that are measured here and say nothing beside a paper's numbers.

All take rows (T, D) of any one feature codec, de-normalised, a clip each; distances are Euclidean over a row's D
numbers, in the codec's own mixed units. A given pose is a block of as many frames as a token stands for. ValueError for
rows of another width, too few of them, or numbers that are not finite.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BLOCK = 4
"""frames of a token"""
ENDS = ("initial", "last")
"""whether the first block of a clip was given or the last"""


def recon(generated: Sequence, conditions: Sequence, end: str, block: int = BLOCK) -> float:
    """The mean distance between the rows that were given and those generated in their place, over frames and clips.

    ``conditions``: for each clip its given block, or the whole clip that the block begins ("initial") or ends ("last").
    """
    initial = _is_initial(end, block)
    inside = slice(0, block) if initial else slice(-block, None)
    pairs = _pairs(generated, conditions, block)
    return float(np.mean([np.linalg.norm(made[inside] - given[inside], axis=1) for made, given in pairs]))


def velocity(generated: Sequence, conditions: Sequence, end: str, block: int = BLOCK) -> float:
    """The mean distance between the step of rows out of the given block ("last": into it) and the one generated there.

    ``conditions``: for each clip the given block and one row beyond it or more: the clip that it was cut from.
    """
    initial = _is_initial(end, block)
    across = [block - 1, block] if initial else [-block - 1, -block]
    pairs = _pairs(generated, conditions, block + 1)
    steps = [np.diff(made[across], axis=0) - np.diff(given[across], axis=0) for made, given in pairs]
    return float(np.mean(np.linalg.norm(steps, axis=-1)))


def key_distance(generated: Sequence, keys: Sequence) -> float:
    """The mean over all key poses of the distance to the nearest block of the generated clip, wherever it begins; over
    the block's frames together, so that a block of 4 frames that are each 1 off is 2 off.

    ``keys``: for each clip its key poses (K, block, D); a clip may have none, but not all of them.
    """
    found = []
    for made, blocks in _clips(generated, keys):
        blocks = np.asarray(blocks, dtype=np.float64)
        if blocks.ndim != 3 or not blocks.shape[1] or not np.isfinite(blocks).all():
            raise ValueError(f"the key poses of a clip must be (K, block, D), finite numbers, got {blocks.shape}")
        made = _rows(made, "generated rows", *blocks.shape[1:])
        windows = np.lib.stride_tricks.sliding_window_view(made, blocks.shape[1], axis=0)  # (starts, D, block)
        found += [np.sqrt(np.sum((windows - key.T) ** 2, axis=(1, 2))).min() for key in blocks]
    if not found:
        raise ValueError("there is no key pose in any of the clips")
    return float(np.mean(found))


def _is_initial(end: str, block: int) -> bool:
    if end not in ENDS:
        raise ValueError(f"a block was given at one of the ends {' or '.join(ENDS)}, got {end!r}")
    if block < 1:
        raise ValueError(f"a block has 1 frame or more, got {block}")
    return end == "initial"


def _pairs(generated: Sequence, conditions: Sequence, frames: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Generated and given rows of each clip, ``frames`` or more, of one width."""
    pairs = []
    for made, given in _clips(generated, conditions):
        made = _rows(made, "generated rows", frames)
        pairs.append((made, _rows(given, "given rows", frames, made.shape[1])))
    return pairs


def _clips(generated: Sequence, given: Sequence):
    """The two of each clip."""
    if len(generated) != len(given) or not len(generated):
        raise ValueError(
            f"every generated clip needs what it was given, and there must be one clip or more: "
            f"got {len(generated)} and {len(given)}"
        )
    return zip(generated, given)


def _rows(rows, what: str, frames: int, width: int | None = None) -> np.ndarray:
    """Rows as float64, ``frames`` or more."""
    rows = np.asarray(rows, dtype=np.float64)
    if rows.ndim != 2 or len(rows) < frames or width not in (None, rows.shape[1]):
        raise ValueError(f"{what} must be (T, {'D' if width is None else width}) with T >= {frames}, got {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError(f"{what} must not contain NaN or infinite numbers")
    return rows
