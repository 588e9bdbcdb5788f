"""The motions of a split that are asked about: a clip each, whole or its first window, with its captions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from backend.motion.features.codec import Codec
from backend.motion.motion import Motion
from backend.motion.resample import resample, sample
from backend.systems.vocabulary import FRAMES_PER_CODE, MAX_CODES
from training.data import segments
from training.data.clip import Clip

FEWEST_CODES = 10
"""40 frames: the shortest motion that the papers test"""


@dataclass(frozen=True, eq=False)
class Case:
    """``rows`` (T, D) of the bundle's codec, T whole codes; ``motion``: the same frames as recorded. The first of the
    ``captions`` is asked, as in the papers' tests; all are references."""

    id: str
    captions: list[str]
    motion: Motion
    rows: np.ndarray

    @property
    def count(self) -> int:
        """Codes that it has."""
        return len(self.rows) // FRAMES_PER_CODE


def cases(clips: Iterable[Clip], written: Mapping[str, Sequence[dict]], codec: Codec) -> list[Case]:
    """A case for each clip that is long enough and has captions: those ``written`` for its segment, else its own."""
    found = [_first(clip, written) for clip in clips]
    return [case for one in found if (case := _case(*one, codec)) is not None]


def windows(clips: Iterable[Clip], written: Mapping[str, Sequence[dict]], codec: Codec) -> list[Case]:
    """All windows of the clips that have captions, without those cut around events, which lie inside others: what the
    baselines may choose from."""
    found = []
    for clip in clips:
        cut = [(s.id, _texts(s.id, written), s.motion) for s in segments.cut(clip) if not s.event and s.id in written]
        found += cut or [_first(clip, written)]
    return [case for one in found if (case := _case(*one, codec)) is not None]


def rows_of(motion: Motion, codec: Codec) -> np.ndarray:
    """The rows (T, D) of a motion of T frames by itself; where encoding uses frames up, it stands still at its end for
    them."""
    return codec.encode(sample(motion, np.arange(len(motion) + codec.spare)))


def some(cases: Sequence[Case], most: int | None) -> list[Case]:
    """At most so many, spread over all."""
    if most is None or most >= len(cases):
        return list(cases)
    return [cases[i] for i in np.linspace(0, len(cases) - 1, most).astype(int)]


def _first(clip: Clip, written: Mapping[str, Sequence[dict]]) -> tuple[str, list[str], Motion]:
    segment = segments.cut(clip)[0]
    if segment.id in written:
        return segment.id, _texts(segment.id, written), segment.motion
    return clip.id, [line.caption for line in clip.captions if line.start is None], clip.motion


def _texts(name: str, written: Mapping[str, Sequence[dict]]) -> list[str]:
    return [caption["text"] for caption in written[name]]


def _case(name: str, captions: list[str], motion: Motion, codec: Codec) -> Case | None:
    if not captions:
        return None
    motion = resample(motion, codec.fps)
    count = min((len(motion) - codec.spare) // FRAMES_PER_CODE, MAX_CODES)
    if count < FEWEST_CODES:
        return None
    frames = count * FRAMES_PER_CODE
    return Case(name, captions, motion[:frames], codec.encode(motion[: frames + codec.spare]))
