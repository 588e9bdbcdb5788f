"""What is asked of a motion in each task: its codes become the fields of a prompt (papers.md 3.2, 4.1, 4.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from backend.systems.prompts import MASKED, Fields
from backend.systems.vocabulary import MAX_CODES

from .items import UNKNOWN, Variant

PREDICTED_FROM = 0.2
"""part of a motion that the papers predict the rest from"""
FILLED = (0.25, 0.75)
"""the middle half that MotionGPT (T5) masks"""
FILL_MODES = {"middle": 0.2, "spans": 0.25, "keys": 0.35, "start": 0.2}
"""what is masked: the middle half, random spans of half of it, all but some key poses, or the beginning (preroll)"""


@dataclass(frozen=True)
class Drawing:
    """What is left to chance when a task is drawn from a motion."""

    without_length: float = 0.2
    """share of samples whose length the model must say itself"""
    without_text: float = 0.1
    """share of samples without caption, for guidance"""
    silent: float = 0.4
    """the same where codes are continued or filled: what is around them says much already"""
    poses: tuple[int, int] = (3, 5)
    """fewest and most key poses of one sample"""
    fixed: bool = False
    """predict from the papers' part alone, and fill their middle half alone (for measuring)"""


def fields(task: str, variant: Variant, caption: str, drawing: Drawing, rng: np.random.Generator) -> Fields:
    """The fields of one sample. ValueError for a task that cannot be drawn from such a motion."""
    codes = {stream: c[:MAX_CODES] for stream, c in variant.codes.items()}
    count = len(next(iter(codes.values())))
    quiet = drawing.silent if task in ("predict", "fill") else 0.0 if task == "describe" else drawing.without_text
    said = Fields("" if rng.random() < quiet else caption, codes, length=count)
    if task == "describe":
        return replace(said, length=None)
    if task in ("text_to_motion", "holistic"):
        return _length(said, drawing, rng)
    if len(codes) != 1:
        raise ValueError(f"task {task!r} needs codes of one stream, got {', '.join(codes)}")
    (stream, line), keys = next(iter(codes.items())), variant.keys
    if task == "predict":
        known = _known(count, drawing, rng)
        rest = replace(said, codes={stream: line[known:]}, known=line[:known], length=count - known)
        return _length(rest, drawing, rng)
    if task == "fill":
        slots, answer = _slots(line, keys, drawing, rng)
        return replace(said, codes={stream: answer}, slots=slots)
    return _length(replace(said, keys=_poses(task, line, keys, drawing, rng)), drawing, rng)


def _length(fields: Fields, drawing: Drawing, rng: np.random.Generator) -> Fields:
    return replace(fields, length=None) if rng.random() < drawing.without_length else fields


def _known(count: int, drawing: Drawing, rng: np.random.Generator) -> int:
    """How many codes are known when the rest is predicted: half of the time the papers' part."""
    if count < 2:
        raise ValueError("a motion of one code has nothing to predict")
    part = PREDICTED_FROM if drawing.fixed or rng.random() < 0.5 else rng.uniform(0.1, 0.6)
    return min(max(int(part * count), 1), count - 1)


def _poses(task: str, line, keys, drawing: Drawing, rng: np.random.Generator) -> list[int]:
    """The codes of the poses that are given, as serving will encode them; in time order."""
    if task == "initial_pose":
        places = [0]
    elif task == "last_pose":
        places = [len(line) - 1]
    else:
        places = _places(line, keys, rng.integers(drawing.poses[0], drawing.poses[1] + 1), rng)
    return [_key(line, keys, place) for place in places]


def _places(line, keys, wanted: int, rng: np.random.Generator) -> list[int]:
    """Different places whose poses were encoded by themselves; any places where none was."""
    there = np.arange(len(line)) if keys is None else np.flatnonzero(keys[: len(line)] != UNKNOWN)
    return sorted(rng.choice(there, min(int(wanted), len(there)), replace=False).tolist())


def _key(line, keys, place: int) -> int:
    known = keys is not None and keys[place] != UNKNOWN
    return int(keys[place] if known else line[place])


def _slots(line: np.ndarray, keys, drawing: Drawing, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The places (N,) with codes and MASKED, and the answer (N,)."""
    names = list(FILL_MODES)
    mode = "middle" if drawing.fixed else names[rng.choice(len(names), p=list(FILL_MODES.values()))]
    slots, answer, count = line.copy(), line.copy(), len(line)
    if mode == "middle":
        slots[int(FILLED[0] * count) : max(int(FILLED[1] * count), int(FILLED[0] * count) + 1)] = MASKED
    elif mode == "start":
        slots[: max(1, int(rng.uniform(0.3, 0.9) * count))] = MASKED
    elif mode == "spans":
        slots[spans(count, rng)] = MASKED
    else:
        slots[:] = MASKED
        places = _places(line, keys, rng.integers(1, drawing.poses[1] + 1), rng)
        slots[places] = [_key(line, keys, place) for place in places]
        if rng.random() < 0.5:  # serving may write the key's own code into the answer
            answer[places] = slots[places]
    return slots, answer


def spans(count: int, rng: np.random.Generator) -> np.ndarray:
    """(count,) bool: half of the places, in one to three spans that lie anywhere."""
    half = max(1, count // 2)
    pieces = int(rng.integers(1, min(3, half) + 1))
    sizes = np.diff([0, *np.sort(rng.choice(np.arange(1, half), pieces - 1, replace=False)), half])
    # what stays known is shared out before, between and after the spans
    gaps = np.diff([0, *np.sort(rng.integers(0, count - half + 1, pieces)), count - half])
    masked = np.zeros(count, bool)
    place = 0
    for gap, size in zip(gaps, sizes):
        masked[place + gap : place + gap + size] = True
        place += gap + size
    return masked
