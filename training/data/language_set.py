"""What the language model reads: captioned motions, recorded and made from recorded ones, as codes.

Every part of a split is made of that split's clips alone: joins, overlays, warps and mirrors never cross it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from backend.motion.fact_words import caption_keys
from backend.motion.facts import measure
from backend.motion.features import ms272
from backend.motion.motion import Motion
from backend.systems.vocabulary import FRAMES_PER_CODE
from training.coding import Coder, key_places, keyed, poses_of
from training.language.items import Item, Variant

from . import augment, phrases, segments
from .captions import compose as composing
from .clip import Clip
from .feature_set import FeatureSet, held
from .segments import LONGEST, Segment, seeded

KEYS = 6
"""poses of a motion that are encoded by themselves, beside its first and last"""


@dataclass(frozen=True)
class Mixture:
    """How much of what. Shares are of the sampling weight; the rest are recorded segments."""

    joins: int = 2400
    joins_share: float = 0.15
    overlays: int = 900
    overlays_share: float = 0.07
    events_share: float = 0.30
    warp: float = 0.12
    offsets: tuple[int, ...] = (0, 2)
    """first frames from which a segment is encoded: a shifted window gives other codes for the same motion"""


@dataclass
class Record:
    """A motion with its captions, before encoding."""

    captions: list[dict]
    motions: list[Motion]
    weight: float


def recorded(clips: list[Clip], captions: dict[str, list[dict]], mixture: Mixture, warped: bool) -> list[Record]:
    """The segments of the clips and their mirrors; ``warped`` adds a time-warp of each, with facts measured anew."""
    written, bank = phrases.read(), segments.bank()
    out, labels, seconds = [], [], defaultdict(float)
    for segment in segments.both_sides(clips):
        motion, words = segment.motion, captions[segment.id]
        shifted = [motion[k:] for k in mixture.offsets if len(motion) - k >= segments.FPS or k == 0]
        out.append(Record(words, shifted, segment.seconds))
        labels.append(segment.weight_label)
        seconds[segment.weight_label] += segment.seconds
        if warped:
            factor = 1.0 + seeded(segment.id + " warp").uniform(-mixture.warp, mixture.warp)
            played = augment.warp(motion, factor)[:LONGEST]
            entry = segments.entry_of(segment.clip, written)
            out.append(Record(segments.captions_of(segment, entry, bank, played), [played], segment.seconds))
            labels.append(segment.weight_label)
            seconds[segment.weight_label] += segment.seconds
    events = sum(np.sqrt(s) for name, s in seconds.items() if name.startswith("event "))
    windows = sum(np.sqrt(s) for name, s in seconds.items() if not name.startswith("event "))
    events_share = mixture.events_share if events else 0.0
    for record, label in zip(out, labels):
        share = events_share / events if label.startswith("event ") else (1 - events_share) / windows
        record.weight = share * record.weight / np.sqrt(seconds[label])
    return out


def joined(pool: list[tuple[Segment, list[dict]]], mixture: Mixture, chances: np.ndarray) -> list[Record]:
    """Two segments (a fifth of the time three) of 1 to 5 s each in a row: "walks, then waves"."""
    rng, out = seeded("joins"), []
    short = np.array([1.0 if s.seconds <= 5.0 else 0.0 for s, _ in pool]) * chances
    for _ in range(mixture.joins):
        chosen = rng.choice(len(pool), 3 if rng.random() < 0.2 else 2, p=short / short.sum())
        start, words = pool[chosen[0]]
        motion = start.motion
        captions = [words[i] for i in rng.permutation(len(words))[:4]]
        for k in chosen[1:]:
            following, others = pool[k]
            if len(motion) + len(following.motion) > LONGEST:
                break
            motion = augment.join(motion, following.motion, rng.uniform(0.3, 0.5))
            captions = [composing.join(c, others[rng.integers(len(others))], rng) for c in captions]
        out.append(Record(captions, [motion], mixture.joins_share / mixture.joins))
    return out


def overlaid(pool: list[tuple[Segment, list[dict]]], mixture: Mixture) -> list[Record]:
    """The arms of one segment over the walking or standing legs of another: "walks while waving"."""
    rng, out = seeded("overlays"), []
    facts = [measure(s.motion) for s, _ in pool]
    keys = [caption_keys(f) for f in facts]
    legs = [i for i, k in enumerate(keys) if k and k[0].startswith(("walk", "stand", "turn", "jog", "crouch_walk"))]
    arms = [
        i for i, k in enumerate(keys)
        if any("hand" in w or "punch" in w for w in k[:2]) and facts[i].pelvis_lowest > 0.8 and facts[i].jumps == 0
    ]  # fmt: skip
    bank = segments.bank()
    tries = 3 * mixture.overlays if legs and arms else 0
    for _ in range(tries):
        if len(out) == mixture.overlays:
            break
        i, j = int(rng.choice(legs)), int(rng.choice(arms))
        motion = augment.overlay(pool[i][0].motion, pool[j][0].motion)
        # cut to the shorter of the two, a gesture may be gone: say only what is measured in the result
        left = caption_keys(measure(motion))
        upper = [k for k in keys[j] if ("hand" in k or "punch" in k) and k in left]
        if not upper:
            continue
        said = [{"text": t, "slots": composing.key_slots(k)} for k in upper[:2] for t in bank[k]["sentences"]]
        below = pool[i][1]
        captions = [
            composing.overlay(below[rng.integers(len(below))], said[rng.integers(len(said))], rng) for _ in range(4)
        ]
        out.append(Record(captions, [motion], mixture.overlays_share / mixture.overlays))
    return out


def records(clips: list[Clip], captions: dict[str, list[dict]], mixture: Mixture = Mixture(), made: bool = True):
    """All records of one split's clips; ``made`` False keeps to recorded, unwarped segments (for validation)."""
    out = recorded(clips, captions, mixture, warped=made)
    if not made:
        return out
    pool = [(s, captions[s.id]) for s in segments.both_sides(clips)]
    weights = np.array([r.weight for r in out[::2]])
    scale = 1.0 - mixture.joins_share - mixture.overlays_share
    for record in out:
        record.weight *= scale / (weights.sum() * 2)
    return out + joined(pool, mixture, weights) + overlaid(pool, mixture)


def coded(some: list[Record], tokenizer: Coder, keys: int = KEYS) -> list[Item]:
    """Records as the language models learn from them: each motion as codes, and of a record's first motion the key
    tokens of ``keys`` poses, of the first and of the last one."""
    whole = iter(tokenizer.codes([held(tokenizer.codec.encode(m))[0] for r in some for m in r.motions]))
    places = [_places(record, keys) for record in some]
    firsts = [record.motions[0] for record in some]
    poses = [poses_of(m, chosen, seeded(str(len(m)))) for m, chosen in zip(firsts, places, strict=True)]
    tokens = tokenizer.keys(poses)
    items = []
    for record, chosen, own in zip(some, places, tokens, strict=True):
        variants = [Variant(next(whole)) for _ in record.motions]
        variants[0] = replace(variants[0], keys=keyed(len(variants[0]), chosen, own))
        items.append(Item([c["text"] for c in record.captions], variants, record.weight))
    return items


def _places(record: Record, keys: int) -> np.ndarray:
    count = max(len(record.motions[0]) // FRAMES_PER_CODE, 1)
    return key_places(count, keys, seeded(record.captions[0]["text"]))


def features(some: list[Record]) -> FeatureSet:
    """The records' motions as the tokenizer takes them."""
    pairs = [(held(ms272.encode(m)), r.weight / len(r.motions)) for r in some for m in r.motions]
    weights = np.array([w for _, w in pairs])
    return FeatureSet(
        features=[f for (f, _), _ in pairs],
        mask=[m for (_, m), _ in pairs],
        weights=weights / weights.sum(),
        ids=[str(i) for i in range(len(pairs))],
    )
