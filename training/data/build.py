"""`python -m training data build`: public sources -> one cache of clean clips on SMPL-22."""

from __future__ import annotations

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from . import loops, sources
from .clean import clean, grounded
from .clip import Clip
from .sources import Take

_log = logging.getLogger(__name__)
# KayKit's figures are a head and a half of legs: their sitting and lying bodies keep the height of standing ones
_OTHER_PROPORTIONS = ("kaykit",)
_ON_THE_GROUND = ("sit", "lie", "die", "crawl", "crouch", "sneak", "sleep", "stand", "exercise", "pickup")
PHRASES = Path(__file__).parent / "captions" / "phrases.json"


def entry(take: Take | Clip, phrases: dict) -> dict | None:
    """The hand-written phrases of a take's label, or None."""
    for family in {"cmu": ("cmu", "dance"), "o3de": ("o3de",), "cc0": ("cc0",)}[take.source]:
        if take.label in phrases[family]:
            return phrases[family][take.label]
    return None


def ingest(takes: Iterable[Take], phrases: dict) -> list[Clip]:
    """Clean clips of all takes: nonsense left out, loops unrolled; what is left out is logged with its reason."""
    out = []
    for take in takes:
        words = entry(take, phrases)
        if words is None:
            _log.warning("%s: left out, its label %r has no phrases", take.id, take.label)
            continue
        if words["exclude"]:
            _log.info("%s: left out, %s", take.id, words["exclude"])
            continue
        clip = clean(take)
        if clip is None:
            _log.warning("%s: left out, no sound third of a second", take.id)
            continue
        if words["loop"]:
            clip = replace(clip, motion=loops.unroll(clip.motion, travels=words["loop"] == "travel"))
        if take.subject in _OTHER_PROPORTIONS and words["loop"] == "travel":
            clip = replace(clip, motion=loops.unhurried(clip.motion, words["slots"]["verb"]))
        if take.subject in _OTHER_PROPORTIONS and words["slots"]["verb"] in _ON_THE_GROUND:
            clip = replace(clip, motion=grounded(clip.motion))
        out.append(clip)
    return out


def read_phrases() -> dict:
    return json.loads(PHRASES.read_text(encoding="utf-8"))


def build(cmu: Path | None, o3de: Path | None, cc0: Path | None, bpy_python: Path | None) -> list[Clip]:
    """Read whichever sources are given, in a fixed order."""
    phrases, out = read_phrases(), []
    if cmu:
        out += ingest(sources.cmu(cmu), phrases)
    if o3de:
        out += ingest(sources.o3de(o3de), phrases)
    if cc0:
        if bpy_python is None:
            raise ValueError(
                "the CC0 clips are GLB and are read by bpy: give --bpy-python a Python that can import bpy"
            )
        out += ingest(sources.cc0(cc0, bpy_python), phrases)
    return out


def summary(clips: list[Clip]) -> str:
    """Hours and counts per source, and the largest labels."""
    seconds, labels = defaultdict(float), Counter()
    for clip in clips:
        seconds[clip.source] += clip.seconds
        labels[clip.label] += clip.seconds
    lines = [f"{source}: {total / 60:.1f} min" for source, total in seconds.items()]
    lines += [f"  {label}: {total:.0f} s" for label, total in labels.most_common(12)]
    return "\n".join([f"{len(clips)} clips", *lines])
