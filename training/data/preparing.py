"""From a raw take of any source to a clean motion on a canonical skeleton, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from backend.motion import resample, retarget
from backend.motion.features.codec import codec
from backend.motion.floor import on_floor
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical

from . import loops, phrases
from .caption_lines import CaptionLine
from .clean import grounded, lead_in, longest_sound_part, snap
from .representation import RATE
from .sources.take import Take

SHORTEST = 10
"""frames at 30 fps: a third of a second"""
# KayKit's figures are a head and a half of legs: their sitting and lying bodies keep the height of standing ones
_OTHER_PROPORTIONS = ("kaykit",)
_ON_THE_GROUND = ("sit", "lie", "die", "crawl", "crouch", "sneak", "sleep", "stand", "exercise", "pickup")


class LeftOut(ValueError):
    """A take that can be read, but is of no use; the message says why."""


def prepare(take: Take, kind: str, words: dict) -> tuple[Motion, tuple[CaptionLine, ...]]:
    """The clean motion of a take on the canonical skeleton of ``kind`` at 30 fps, and what is said of it; ``words`` is
    phrases.json. LeftOut (also as the ValueError of what cannot be mapped) says why there is none."""
    entry = phrases.entry(take.source, take.label, words)
    if entry and entry["exclude"]:
        raise LeftOut(entry["exclude"])
    motion, captions = on_skeleton(take, kind), take.captions
    if take.rows is None:
        span = sound_span(take, motion)
        captions = within(captions, span.start / float(RATE), span.stop / float(RATE))
        motion = on_floor(motion[span])
    if len(motion) < SHORTEST:
        raise LeftOut(f"only {len(motion)} sound frames at 30 fps, fewer than {SHORTEST}")
    if not entry:
        return motion, captions
    sentences = tuple(CaptionLine(sentence) for sentence in entry["sentences"])
    return as_labelled(take, motion, entry), sentences or captions


def on_skeleton(take: Take, kind: str) -> Motion:
    """The take at 30 fps on the canonical skeleton of ``kind``, placed as the source has it."""
    raw = codec(take.rows.codec).decode(take.rows.values) if take.rows else take.motion
    motion = resample.resample(raw, RATE)
    target = canonical(kind)
    if motion.skeleton.kind == kind and np.array_equal(motion.skeleton.offsets, target.offsets):
        return motion
    return retarget.retarget(motion, take.bone_map, target)


def sound(take: Take, motion: Motion) -> Motion:
    """The sound frames alone, the floor at y = 0."""
    return on_floor(motion[sound_span(take, motion)])


def sound_span(take: Take, motion: Motion) -> slice:
    """The frames without the T-pose that it begins in, without calibration frames and what lies behind a break."""
    first = lead_in(motion) if take.tpose_start else 0
    if take.source == "cmu":
        first += snap(motion[first:])
    part = longest_sound_part(motion[first:])
    return slice(first + part.start, first + part.stop)


def within(captions: Iterable[CaptionLine], start: float, end: float) -> tuple[CaptionLine, ...]:
    """What is said of the seconds ``start`` to ``end`` of a take, told from there on; spans outside are left out."""
    kept = []
    for caption in captions:
        if caption.start is None:
            kept.append(caption)
        elif caption.start < end and caption.end > start:
            kept.append(replace(caption, start=max(0.0, caption.start - start), end=min(caption.end, end) - start))
    return tuple(kept)


def as_labelled(take: Take, motion: Motion, entry: dict) -> Motion:
    """What the label's entry asks for: loops unrolled, figures of other proportions slowed and put on the ground."""
    verb = entry["slots"]["verb"]
    if entry["loop"]:
        motion = loops.unroll(motion, travels=entry["loop"] == "travel")
    if take.subject in _OTHER_PROPORTIONS:
        if entry["loop"] == "travel":
            motion = loops.unhurried(motion, verb)
        if verb in _ON_THE_GROUND:
            motion = grounded(motion)
    return motion
