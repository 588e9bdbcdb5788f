"""HumanML3D's text files, also those of KIT-ML and Motion-X (papers.md 1.6), a sentence about a clip in each line:
``caption#word/POS word/POS#start#end``. Start and end are seconds; 0 and 0 mean the whole clip.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from backend.motion.formats.text import write_bytes

MAX_BYTES = 2**20
MAX_LINES = 1000
LONGEST = 1e6
"""seconds: no recording is longer"""


@dataclass(frozen=True)
class CaptionLine:
    """One sentence. ``words``: (lemma, part of speech) as the text evaluators want them; ``start``, ``end`` in seconds,
    None = the whole clip."""

    caption: str
    words: tuple[tuple[str, str], ...] = ()
    start: float | None = None
    end: float | None = None

    def __post_init__(self):
        text = [self.caption, *(part for word in self.words for part in word)]
        if not self.caption.strip() or any(set(part) & set("#\n\r") for part in text):
            raise ValueError(f"a caption must be one line of text without '#', got {self.caption[:60]!r}")
        if any(not word or not kind or set(word + kind) & {" ", "/"} for word, kind in self.words):
            raise ValueError(f"words must be pairs without blanks and '/', got {self.words[:3]}")
        if (self.start is None) != (self.end is None):
            raise ValueError("a span needs both its start and its end")
        if self.start is not None and not 0.0 <= self.start < self.end <= LONGEST:
            raise ValueError(f"a span must begin at 0 or later and end after that, got {self.start} to {self.end} s")

    def frames(self, fps: float, count: int) -> slice:
        """The frames of a clip of ``count`` frames that the sentence is about; ValueError when it has none of them."""
        if self.start is None:
            return slice(0, count)
        span = slice(int(self.start * fps), min(int(self.end * fps), count))
        if span.start >= span.stop:
            raise ValueError(f"{self.start} to {self.end} s lies outside a clip of {count / fps:.2f} s")
        return span


def parse(line: str) -> CaptionLine:
    """One line; ValueError says what does not fit."""
    parts = line.strip().split("#")
    if len(parts) != 4:
        raise ValueError(f"expected caption#words#start#end, got {len(parts)} parts: {line[:60]!r}")
    caption, words, *span = parts
    pairs = []
    for word in words.split():
        lemma, slash, kind = word.rpartition("/")
        if not slash:
            raise ValueError(f"expected word/POS, got {word[:40]!r}")
        pairs.append((lemma.replace("/", ""), kind))
    try:
        start, end = (float(value) for value in span)
    except ValueError as error:
        raise ValueError(f"start and end must be seconds, got {span}") from error
    # the public files mark "the whole clip" with 0 and 0, some with nan
    if math.isnan(start) or math.isnan(end) or (start, end) == (0.0, 0.0):
        return CaptionLine(caption.strip(), tuple(pairs))
    return CaptionLine(caption.strip(), tuple(pairs), start, end)


def sentence_or_line(line: str) -> CaptionLine:
    """Also a plain sentence, which has no '#': files that people write beside their motions mix the two."""
    return parse(line) if "#" in line else CaptionLine(line.strip())


def read(path: Path, parse: Callable[[str], CaptionLine] = parse) -> list[CaptionLine]:
    """The sentences of a file, each line as ``parse`` reads it, empty ones left out; ValueError names file and line."""
    with open(path, "rb") as file:
        return parse_file(file.read(MAX_BYTES + 1), str(path), parse)


def parse_file(data: bytes, name: str, parse: Callable[[str], CaptionLine] = parse) -> list[CaptionLine]:
    """The same for what a file holds, which may lie in an archive; ``name`` is for messages."""
    found, problems = sound_lines(data, name, parse)
    if problems:
        raise ValueError(problems[0])
    return found


def sound_lines(
    data: bytes, name: str, parse: Callable[[str], CaptionLine] = parse
) -> tuple[list[CaptionLine], list[str]]:
    """The sentences that can be read and what is wrong with each other line: one slip does not cost a whole file.
    ValueError for a file that is no text or has no line."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"{name} is larger than the accepted {MAX_BYTES} bytes")
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    if len(lines) > MAX_LINES:
        raise ValueError(f"{name} has {len(lines)} lines, at most {MAX_LINES} are accepted")
    found, problems = [], []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(parse(line))
            except ValueError as error:
                problems.append(f"{name}, line {number}: {error}")
    if not found and not problems:
        raise ValueError(f"{name} holds no caption")
    return found, problems


def line(caption: CaptionLine) -> str:
    """As ``parse`` reads it, without the end of the line."""
    words = " ".join("/".join(word) for word in caption.words)
    start, end = (0.0, 0.0) if caption.start is None else (caption.start, caption.end)
    return f"{caption.caption}#{words}#{start!r}#{end!r}"


def write(path: Path, captions: Iterable[CaptionLine]) -> None:
    """All of them, or the file stays as it was; ValueError for none."""
    lines = [line(caption) for caption in captions]
    if not lines:
        raise ValueError(f"no caption for {path}")
    write_bytes(path, ("\n".join(lines) + "\n").encode())
