"""Which stretches of a clip are learnt as one captioned motion, and their committed captions.

Segments last 1 to 10 s: a clip of up to 10 s whole, a longer one in windows; and the surroundings of measured events
(a raised hand, a jump, a turn), because the rare actions hide inside long takes whose label does not name them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.motion.fact_words import caption_keys
from backend.motion.facts import Facts, measure
from backend.motion.mirror import mirror
from backend.motion.motion import Motion

from . import phrases, splits
from .captions import compose as composing
from .clip import Clip

CAPTIONS = Path(__file__).parent / "captions" / "captions.json"
FACT_BANK = Path(__file__).parent / "captions" / "facts.json"
FPS = 30
LONGEST, WINDOW, STRIDE = 10 * FPS, 8 * FPS, 6 * FPS
EVENTS_PER_CLIP = 12
# walking and standing fill the windows already; these are what an event segment is cut for
_TELLING = ("jump", "turn_left", "turn_right", "sitting", "crouched", "bent", "kneeling", "lying",
            "left_hand_up", "right_hand_up", "left_wave", "right_wave", "left_kick", "right_kick",
            "left_punch", "right_punch")  # fmt: skip


@dataclass(frozen=True)
class Segment:
    """Frames ``start`` to ``end`` of a clip; ``covers``: part of the clip that is. ``event``: what it is cut around."""

    clip: Clip
    start: int
    end: int
    event: str | None = None
    mirrored: bool = False

    @property
    def id(self) -> str:
        return f"{self.clip.id}#{self.start}-{self.end}" + ("~" if self.mirrored else "")

    @property
    def covers(self) -> float:
        return (self.end - self.start) / len(self.clip.motion)

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / FPS

    @property
    def motion(self) -> Motion:
        cut = self.clip.motion[self.start : self.end]
        return mirror(cut) if self.mirrored else cut

    @property
    def weight_label(self) -> str:
        """What shares one sampling weight: the label, or for an event the event's kind over all clips."""
        return f"event {self.event}" if self.event else self.clip.label


def seeded(text: str) -> np.random.Generator:
    """A generator that depends on ``text`` alone, so that any part can be built again by itself."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little"))


def cut(clip: Clip) -> list[Segment]:
    """The segments of a clip, unmirrored, the same on every run."""
    frames = len(clip.motion)
    if frames <= LONGEST:
        out = [Segment(clip, 0, frames)]
    else:
        starts = range(0, frames - WINDOW + 1, STRIDE)
        out = [Segment(clip, s, s + WINDOW) for s in starts]
        if frames - out[-1].end >= 2 * FPS:
            out.append(Segment(clip, frames - WINDOW, frames))
    return out + _around_events(clip)


def _around_events(clip: Clip) -> list[Segment]:
    frames, rng, out = len(clip.motion), seeded(clip.id), []
    if frames < 3 * FPS:
        return out
    events = [e for e in measure(clip.motion).events if e.what in _TELLING and e.end - e.start < 6.0]
    for i in rng.permutation(len(events))[:EVENTS_PER_CLIP]:
        event = events[i]
        start = int(max(0, event.start * FPS - rng.integers(6, 45)))
        end = int(min(frames, event.end * FPS + rng.integers(6, 45)))
        if FPS <= end - start <= min(LONGEST, 0.9 * frames):
            out.append(Segment(clip, start, end, event.what))
    return sorted(out, key=lambda s: (s.start, s.end))


def both_sides(clips: list[Clip]) -> Iterator[Segment]:
    for clip in clips:
        for segment in cut(clip):
            yield segment
            yield Segment(clip, segment.start, segment.end, segment.event, mirrored=True)


def counts(facts: Facts) -> dict[str, int]:
    """Numbers for the phrases that count."""
    return {"steps": facts.steps, "jump_repeated": facts.jumps}


def captions_of(segment: Segment, entry: dict | None, bank: dict, motion: Motion | None = None) -> list[dict]:
    """At least three captions; the facts are measured on ``motion`` (default: the segment's own)."""
    facts = measure(segment.motion if motion is None else motion)
    label = None if segment.event and not (entry and entry["whole"]) else entry
    return composing.compose(
        label, caption_keys(facts), seeded(segment.id), bank, segment.mirrored, covers=segment.covers,
        counts=counts(facts),
    )  # fmt: skip


def bank() -> dict:
    return json.loads(FACT_BANK.read_text(encoding="utf-8"))


def entry_of(clip: Clip, words: dict) -> dict | None:
    """What phrases.json has on a clip."""
    return phrases.entry(clip.source, clip.label, words)


def caption_records(clips: list[Clip], words: dict) -> list[dict]:
    """What ``captions.json`` holds: a record a segment, mirrors included, ``slots`` without what is not said; ``words``
    is phrases.json."""
    facts, table, out = bank(), splits.load(), []
    for segment in both_sides(clips):
        captions = captions_of(segment, entry_of(segment.clip, words), facts)
        out.append(
            {
                "id": segment.id,
                "clip": segment.clip.id,
                "start": segment.start,
                "end": segment.end,
                "mirrored": segment.mirrored,
                "split": table.of(segment.clip),
                "seconds": round(segment.seconds, 2),
                "sentences": [c["text"] for c in captions],
                "slots": [_said(c["slots"]) for c in captions],
            }
        )
    return out


def _said(slots: dict) -> dict:
    return {k: _said(v) if isinstance(v, dict) else v for k, v in slots.items() if v is not None}


def save_captions(records: list[dict], path: Path = CAPTIONS) -> None:
    """One record a line, so that a diff shows which captions changed."""
    temporary = path.with_suffix(".part")
    lines = ",\n".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in records)
    temporary.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    os.replace(temporary, path)


def read_captions(path: Path = CAPTIONS) -> list[dict]:
    """The records that ``save_captions`` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


def committed(path: Path = CAPTIONS) -> dict[str, list[dict]]:
    """Segment id -> captions ({"text", "slots"}), from the committed file."""
    records = read_captions(path)
    return {r["id"]: [{"text": t, "slots": s} for t, s in zip(r["sentences"], r["slots"])] for r in records}
