"""How far a continued or filled motion is from the recording: ADE and FDE, ours and as MotionGPT (T5) counts them, and
three baselines that need no model.

Ours: joint positions (T, J, 3) of each clip in the world, metres, the generated clip where its known frames put it; the
mean over joints, over the frames that were not known, then over clips. Papers count differently (``mgt5_prediction``),
which is why theirs are near 5 where a joint is about a metre off (papers.md 6.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backend.motion import rotations as rot
from backend.motion.motion import Motion
from backend.motion.resample import sample

PREDICTION_KNOWN = 0.2
"""part of a clip, its beginning, from which the papers predict"""
IN_BETWEEN_KNOWN = 0.25
"""part of a clip known at either end when the papers fill the middle"""


def predicted(frames: int, known: float = PREDICTION_KNOWN) -> slice:
    """The frames of a clip that are predicted: those after its first ``known`` part, rounded down."""
    return _span(int(frames * known), frames, frames)


def filled(frames: int, known: float = IN_BETWEEN_KNOWN) -> slice:
    """The frames of a clip that are filled in: those between a ``known`` part, rounded down, at either end."""
    return _span(int(frames * known), frames - int(frames * known), frames)


Span = slice | np.ndarray
"""frames that were not known: one run of them, or a mask (T,) of bool"""


def ade(generated: Sequence, recorded: Sequence, spans: Sequence[Span]) -> float:
    """Average displacement error, metres: over the frames of each clip's span. For in-betweens too."""
    return float(np.mean([distance.mean() for distance in _distances(generated, recorded, spans)]))


def fde(generated: Sequence, recorded: Sequence, spans: Sequence[Span]) -> float:
    """Final displacement error, metres: in the last frame of each clip's span."""
    return float(np.mean([distance[-1].mean() for distance in _distances(generated, recorded, spans)]))


def _distances(generated: Sequence, recorded: Sequence, spans: Sequence[Span]) -> list[np.ndarray]:
    """Joint distances (frames, J) within each clip's span."""
    if not len(generated) == len(recorded) == len(spans) or not len(spans):
        raise ValueError(
            f"every generated clip needs its recording and a span, and there must be one clip or more: "
            f"got {len(generated)}, {len(recorded)} and {len(spans)}"
        )
    found = []
    for made, truth, span in zip(generated, recorded, spans):
        made, truth = np.asarray(made, dtype=np.float64), np.asarray(truth, dtype=np.float64)
        if truth.ndim != 3 or truth.shape[2] != 3 or made.shape != truth.shape:
            raise ValueError(
                f"both clips must be (T, J, 3) with the same T and J, got {made.shape} and {truth.shape}; "
                "a motion of another length is cut or held first (backend.motion.resample.sample)"
            )
        if not (np.isfinite(made).all() and np.isfinite(truth).all()):
            raise ValueError("joint positions must not contain NaN or infinite numbers")
        distance = np.linalg.norm(made - truth, axis=-1)[span]
        if not len(distance):
            raise ValueError(f"a span holds none of its clip's {len(truth)} frames: {span!r:.80}")
        found.append(distance)
    return found


def mgt5_padded(rows: Sequence, mean, frames: int) -> np.ndarray:
    """Clips of rows (T, D) as MotionGPT (T5) batches them: -> (N, ``frames``, D), filled up with the ``mean`` (D,) row,
    all de-normalised, so that joints recovered from them walk on as people do on average.

    ``frames`` is the longest recording of the batch (32 clips in the papers); a generated clip that is longer than its
    recording is cut to it first.
    """
    longest = max(map(len, rows), default=0)
    if not 1 <= longest <= frames:
        raise ValueError(f"clips of 1 to {frames} frames can be filled up to {frames}, the longest has {longest}")
    out = np.tile(np.asarray(mean, dtype=np.float64), (len(rows), frames, 1))
    for padded, clip in zip(out, rows):
        padded[: len(clip)] = clip
    return out


def mgt5_prediction(
    generated, recorded, lengths: Sequence[int], known: float = PREDICTION_KNOWN
) -> tuple[float, float]:
    """ADE and FDE to hold beside MotionGPT's (T5) and MotionGPT-2's: positions (N, T, J, 3) in batches filled up by
    ``mgt5_padded``, of which ``lengths`` (N,) frames are the clip's own.

    The distance of a frame is that of its 3 J numbers (66), so about the square root of J times a joint's; and the
    padding counts, up to the batch's last frame, which alone decides FDE.
    """
    distance = _flat_distances(generated, recorded, lengths)
    clips = [clip[_span(int(length * known), len(clip), len(clip))] for clip, length in zip(distance, lengths)]
    return float(np.mean([clip.mean() for clip in clips])), float(np.mean([clip[-1] for clip in clips]))


def mgt5_in_between(generated, recorded, lengths: Sequence[int], known: float = IN_BETWEEN_KNOWN) -> float:
    """ADE of the middle to hold beside theirs: as ``mgt5_prediction`` measures, but no padding lies in the middle."""
    distance = _flat_distances(generated, recorded, lengths)
    return float(np.mean([clip[filled(length, known)].mean() for clip, length in zip(distance, lengths)]))


def _flat_distances(generated, recorded, lengths: Sequence[int]) -> np.ndarray:
    """(N, T, J, 3) twice -> (N, T)."""
    made, truth = np.asarray(generated, dtype=np.float64), np.asarray(recorded, dtype=np.float64)
    if truth.ndim != 4 or truth.shape[3] != 3 or made.shape != truth.shape or not len(truth):
        raise ValueError(f"both batches must be (N, T, J, 3) with N >= 1, got {made.shape} and {truth.shape}")
    if len(lengths) != len(truth) or not all(1 <= length <= truth.shape[1] for length in lengths):
        raise ValueError(f"{len(truth)} clips need as many lengths from 1 to {truth.shape[1]}, got {list(lengths)}")
    if not (np.isfinite(made).all() and np.isfinite(truth).all()):
        raise ValueError("joint positions must not contain NaN or infinite numbers")
    return np.linalg.norm((made - truth).reshape(*truth.shape[:2], -1), axis=-1)


def constant_velocity(motion: Motion, start: int) -> Motion:
    """The motion with its frames from ``start`` on replaced: the root goes on along the line, and every joint goes on
    turning about the axis, of the last step before. It looks at no later frame, and needs two before."""
    _span(start, len(motion), len(motion), known=2)
    last = start - 1
    ahead = np.arange(1, len(motion) - last)
    step = rot.log(rot.multiply(rot.inverse(motion.rotations[last - 1]), motion.rotations[last]))
    root = motion.root[last] + ahead[:, None] * (motion.root[last] - motion.root[last - 1])
    turned = rot.multiply(motion.rotations[last], rot.exp(ahead[:, None, None] * step))
    contacts = np.tile(motion.contacts[last], (len(ahead), 1))
    return _joined(motion[:start], replace(motion, root=root, rotations=turned, contacts=contacts))


def held(motion: Motion, start: int) -> Motion:
    """The motion with its frames from ``start`` on replaced by the last one before, standing still. Where people stop
    and turn back it is harder to beat than ``constant_velocity``, which drifts on."""
    _span(start, len(motion), len(motion), known=1)
    return sample(motion, np.minimum(np.arange(len(motion)), start - 1))


def interpolated(motion: Motion, start: int, stop: int) -> Motion:
    """The motion with its frames from ``start`` to before ``stop`` replaced by slerp between the frames at either side:
    the root on a straight line, joints turning the short way round, both evenly."""
    _span(start, stop, len(motion) - 1, known=1)
    ends = motion[start - 1 : stop + 1 : stop - start + 1]
    between = sample(ends, np.arange(1, stop - start + 1) / (stop - start + 1))
    return _joined(motion[:start], between, motion[stop:])


def _joined(*parts: Motion) -> Motion:
    """One after the other, on the first one's skeleton."""
    arrays = {name: np.concatenate([getattr(p, name) for p in parts]) for name in ("root", "rotations", "contacts")}
    return replace(parts[0], **arrays)


def _span(start: int, stop: int, end: int, known: int = 0) -> slice:
    """Frames ``start`` to before ``stop``; ValueError unless there are any, from ``known`` on and to before ``end``."""
    if not known <= start < stop <= end:
        raise ValueError(
            f"the unknown frames must be 1 or more of {known} to before {end}, got {start} to before {stop}"
        )
    return slice(start, stop)
