"""What a model of body and hands learns from: recordings whose figures have fingers, with the captions and the splits
of the set without hands.

Both come from the same takes, so their segments have the same names. A few differ (a take is cut where a finger jumps);
they get captions of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from backend.motion.features.codec import Codec
from backend.motion.motion import Motion
from backend.motion.resample import sample
from training.metrics import fingers

from . import language_set, phrases, segments
from .clip import Clip
from .feature_set import MIN_FRAMES, FeatureSet
from .language_set import Mixture, Record
from .store import DataSet

FEW = Mixture(joins=400, overlays=150)
"""made motions, for minutes of recordings"""


@dataclass(frozen=True, eq=False)
class Hands:
    """Split -> its clips, and segment id -> captions, as ``segments.committed``."""

    clips: dict[str, list[Clip]]
    captions: dict[str, list[dict]]

    def records(self, split: str) -> list[Record]:
        """Captioned motions of a split, of "train" also those that are made from them."""
        return language_set.records(self.clips[split], self.captions, FEW, made=split == "train")


def read(dataset: DataSet, *splits: str) -> Hands:
    """The captioned clips of these splits whose fingers are posed at least."""
    words, bank, known = phrases.read(), segments.bank(), segments.committed()
    clips = {
        split: [c for c in dataset.clips(split) if segments.entry_of(c, words) and fingers.posed(c.motion)]
        for split in splits
    }
    captions = {
        s.id: known.get(s.id) or segments.captions_of(s, segments.entry_of(s.clip, words), bank)
        for some in clips.values()
        for s in segments.both_sides(some)
    }
    return Hands(clips, captions)


def held(motion: Motion, codec: Codec) -> Motion:
    """A motion that is too short for a second of rows stands still at its end."""
    return sample(motion, np.arange(max(len(motion), MIN_FRAMES + codec.spare)))


def features(some: Sequence[Record], codec: Codec) -> FeatureSet:
    """The records' motions as the tokenizer takes them; frames of standing still do not count."""
    out, weights = FeatureSet(), []
    for record in some:
        for motion in record.motions:
            rows = codec.encode(held(motion, codec))
            out.features.append(rows)
            out.mask.append(np.arange(len(rows)) < len(motion) - codec.spare)
            out.ids.append(str(len(out.ids)))
            weights.append(record.weight / len(record.motions))
    out.weights = np.array(weights) / np.sum(weights)
    return out


def codable(some: Iterable[Record], codec: Codec) -> list[Record]:
    """The records with all motions long enough for codes (``language_set.coded``)."""
    return [replace(record, motions=[held(motion, codec) for motion in record.motions]) for record in some]


def minutes(clips: Iterable[Clip]) -> tuple[float, float]:
    """Of all clips, and of it the time in which fingers move."""
    motions = [clip.motion for clip in clips]
    moving = sum((fingers.speed(m) > fingers.MOVING).sum() / float(m.fps) for m in motions)
    return sum(m.seconds for m in motions) / 60, float(moving) / 60
