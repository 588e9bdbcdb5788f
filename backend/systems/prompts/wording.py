"""A file of prompts, checked, and how it is rendered to token ids."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..vocabulary import FRAMES_PER_CODE, TextTokens, Vocabulary

MASKED = -1
"""in ``Fields.slots``: a place that is to be filled"""
MASK = "<mask>"
TASKS = (
    "text_to_motion", "initial_pose", "last_pose", "key_poses", "describe", "predict", "fill", "holistic",
)  # fmt: skip
POSE_TASKS = ("initial_pose", "last_pose", "key_poses")

PART = re.compile(r"\{([a-z_]+)\}|(<[^<>{}\s]{1,40}>)")
GIVEN = ("caption", "keys", "known", "slots")
"""placeholders that what is asked fills"""

Piece = str | list[int]


@dataclass(frozen=True, eq=False)
class Fields:
    """What a prompt and its answer are made of; codes are arrays of ints."""

    caption: str = ""
    codes: Mapping[str, np.ndarray] = field(default_factory=dict)
    """stream -> (N,)"""
    keys: Sequence[int] = ()
    """the code of each key pose, in order"""
    known: Sequence[int] = ()
    """the codes of the beginning"""
    slots: Sequence[int] = ()
    """a code, or MASKED, for each place"""
    length: int | None = None
    """codes of the answer; None: the model says how many"""


@dataclass(frozen=True, eq=False)
class Speech:
    """How a model's base writes: ``encode`` gives the ids of a text in which nothing is special, ``spelled`` the one id
    of each digit or comma."""

    vocabulary: Vocabulary
    text: TextTokens
    encode: Callable[[str], list[int]]
    spelled: Callable[[str], list[int]]


@dataclass(frozen=True)
class Task:
    """How one task is asked and answered."""

    instructions: tuple[str, ...] = ("",)
    input: str = ""
    opening: str = ""
    answer: str = ""


@dataclass(frozen=True, eq=False)
class Prompts:
    """A file of prompts; ``source`` are its bytes."""

    name: str
    version: int
    spelling: str
    """of codes: "tokens" of their own, or "digits" in the text"""
    caption: str
    """"lower case" or "as typed", white space collapsed in both"""
    lengths: str
    """how a length is asked for: by "tokens", in "words", or not at all ("none")"""
    duration: str
    """the words, with {seconds}"""
    marks: tuple[str, ...]
    frame: str
    tasks: Mapping[str, Task]
    fps: float
    """frames a second of the codes' features, for lengths in words"""
    source: bytes = field(repr=False, default=b"")

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.source).hexdigest()

    def to_config(self) -> dict:
        """What ``bundle.json`` keeps under config.prompts."""
        return {"name": self.name, "version": self.version, "sha256": self.fingerprint}

    def clean(self, caption: str) -> str:
        """A caption as the model reads it."""
        caption = " ".join(caption.split())
        return caption.lower() if self.caption == "lower case" else caption

    def instructions(self, task: str) -> tuple[str, ...]:
        return self._task(task).instructions

    def prompt(self, task: str, fields: Fields, speech: Speech, variant: int = 0) -> list[int]:
        """The ids of what is asked; the model goes on from there. ValueError for a task that the file has not."""
        asked = self._task(task)
        frame = self.frame + asked.opening
        texts = {"instruction": asked.instructions[variant], "input": asked.input}
        return _encoded(self._pieces(frame, fields, speech, texts, given=True), speech)

    def answer(self, task: str, fields: Fields, speech: Speech) -> list[int]:
        """The ids of the right answer."""
        pieces = self._pieces(self._task(task).answer, fields, speech, {}, given=False)
        return _encoded(pieces, speech)

    def _task(self, name: str) -> Task:
        if name not in self.tasks:
            raise ValueError(f"prompts {self.name} {self.version} have no task {name!r}, only {', '.join(self.tasks)}")
        return self.tasks[name]

    def _pieces(self, template: str, fields: Fields, speech: Speech, texts: dict, given: bool) -> list[Piece]:
        """Texts and ids in a row. ``given``: in a prompt, where a known length is said; else it is the answer's."""
        pieces: list[Piece] = []
        for text, hole, mark in parts(template, self.marks):
            if text:
                pieces.append(text)
            elif mark:
                pieces.append([speech.vocabulary.mark(mark)])
            elif hole in texts:
                pieces += self._pieces(texts[hole], fields, speech, {}, given)
            else:
                pieces.append(self._filled(hole, fields, speech, given))
        return pieces

    def _filled(self, hole: str, fields: Fields, speech: Speech, given: bool) -> Piece:
        if hole in ("bos", "eos"):
            token = getattr(speech.text, hole)
            return [] if token is None else [token]
        if hole == "caption":
            return self.clean(fields.caption)
        if hole == "duration":
            return "" if fields.length is None else self._duration(fields.length)
        if hole == "length":
            return self._length(fields, speech, given)
        codes = getattr(fields, hole) if hole in GIVEN else fields.codes[hole]
        if self.spelling == "digits":
            written = ",".join(str(int(code)) for code in codes)
            return written if given else speech.spelled(written)
        stream = hole if hole not in GIVEN else speech.vocabulary.streams[0][0]
        first = speech.vocabulary.codes(stream).start
        return [speech.vocabulary.mark(MASK) if code == MASKED else first + int(code) for code in codes]

    def _duration(self, length: int) -> str:
        return self.duration.replace("{seconds}", f"{length * FRAMES_PER_CODE / self.fps:.1f}")

    def _length(self, fields: Fields, speech: Speech, given: bool) -> list[int]:
        """The length token: in the prompt when it is known, in the answer when it was not."""
        if given != (fields.length is not None):
            return []
        count = fields.length if given else len(next(iter(fields.codes.values())))
        return [speech.vocabulary.length(count)]


def parts(template: str, marks: Sequence[str]) -> list[tuple[str, str, str]]:
    """(text, placeholder, mark) in order, one of the three each; brackets that are no mark are text."""
    out, text, end = [], "", 0
    for found in PART.finditer(template):
        hole, mark = found.groups()
        text += template[end : found.start()]
        end = found.end()
        if mark is not None and mark not in marks:
            text += mark
            continue
        if text:
            out.append((text, "", ""))
        out.append(("", hole or "", mark or ""))
        text = ""
    text += template[end:]
    return [*out, (text, "", "")] if text else out


def _encoded(pieces: Sequence[Piece], speech: Speech) -> list[int]:
    """The ids; texts side by side are one text."""
    ids, text = [], ""
    for piece in [*pieces, []]:
        if isinstance(piece, str):
            text += piece
            continue
        if text:
            ids += speech.encode(text)
            text = ""
        ids += piece
    return ids + (speech.encode(text) if text else [])
