"""One id space for words and motion (papers.md 4.1): the text tokens of a base, then what motion adds.

Added are, in this order: marks ("<motion>", "<mask>"), length tokens, and the codes of each stream. MotionGPT adds
nothing: its codes are written in digits.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..bundles.bundle import shown

SPECIALS = ("<pad>", "<bos>", "<eos>")
"""the first tokens of our own text tokenizers, by id"""
FRAMES_PER_CODE = 4
MAX_CODES = 75
"""of one answer: 10 s at 30 fps"""

_MOST = {"marks": 64, "lengths": 4096, "streams": 4, "codes": 2**17, "text_size": 2**20}


@dataclass(frozen=True)
class TextTokens:
    """The control tokens of a text tokenizer; ``bos`` is None where texts begin without one."""

    bos: int | None
    eos: int
    pad: int


OURS = TextTokens(bos=1, eos=2, pad=0)
"""those of our own text tokenizers"""


@dataclass(frozen=True)
class Vocabulary:
    """Which id stands for what. ``text_size``: rows of the base's embedding before anything was added; ``lengths``: how
    many length tokens there are, ``<len_1>`` first; ``streams``: name and number of codes of each."""

    text_size: int
    marks: tuple[str, ...] = ()
    lengths: int = 0
    streams: tuple[tuple[str, int], ...] = ()

    @property
    def added(self) -> int:
        """Tokens beside the text's."""
        return len(self.marks) + self.lengths + sum(codes for _, codes in self.streams)

    @property
    def size(self) -> int:
        return self.text_size + self.added

    def mark(self, name: str) -> int:
        """The id of a mark; ValueError for one that this vocabulary has not."""
        if name not in self.marks:
            raise ValueError(f"there is no token {name!r}; the marks are {', '.join(self.marks) or 'none'}")
        return self.text_size + self.marks.index(name)

    def length(self, codes: int) -> int:
        """The token that asks for 1..lengths codes."""
        if not 1 <= codes <= self.lengths:
            raise ValueError(f"a length token stands for 1 to {self.lengths} codes, got {codes}")
        return self.lengths_slice.start + codes - 1

    @property
    def lengths_slice(self) -> slice:
        start = self.text_size + len(self.marks)
        return slice(start, start + self.lengths)

    def codes(self, stream: str) -> slice:
        """The ids of a stream's codes, code 0 first; ValueError for a stream that is not there."""
        start = self.lengths_slice.stop
        for name, count in self.streams:
            if name == stream:
                return slice(start, start + count)
            start += count
        raise ValueError(f"there is no stream {stream!r}; there are {', '.join(n for n, _ in self.streams) or 'none'}")

    def token(self, number: int) -> str:
        """How an id is written in messages."""
        if number < self.text_size:
            return f"text token {number}"
        number -= self.text_size
        if number < len(self.marks):
            return self.marks[number]
        number -= len(self.marks)
        if number < self.lengths:
            return f"<len_{number + 1}>"
        number -= self.lengths
        for name, count in self.streams:
            if number < count:
                return f"<{name}_{number}>"
            number -= count
        return f"no token (there are {self.size})"

    def to_dict(self) -> dict:
        return {
            "text_size": self.text_size,
            "marks": list(self.marks),
            "lengths": self.lengths,
            "streams": [list(stream) for stream in self.streams],
        }

    @classmethod
    def from_dict(cls, d: dict) -> Vocabulary:
        """ValueError names the field that does not fit."""
        if not isinstance(d, dict) or set(d) != {"text_size", "marks", "lengths", "streams"}:
            raise ValueError(f"expected text_size, marks, lengths and streams, found {shown(d)}")
        for name, low in (("text_size", 1), ("lengths", 0)):
            if type(d[name]) is not int or not low <= d[name] <= _MOST[name]:
                raise ValueError(f"{name!r} must be a whole number from {low} to {_MOST[name]}, got {shown(d[name])}")
        marks, streams = d["marks"], d["streams"]
        if not _words(marks, _MOST["marks"]):
            raise ValueError(f"'marks' must be a list of different texts, got {shown(marks)}")
        pairs = isinstance(streams, list) and all(isinstance(s, list) and len(s) == 2 for s in streams)
        if not pairs or not _words([name for name, _ in streams], _MOST["streams"]):
            raise ValueError(f"'streams' must be a list of pairs of a name and a number, got {shown(streams)}")
        for name, count in streams:
            if type(count) is not int or not 1 <= count <= _MOST["codes"]:
                raise ValueError(f"stream {name!r} must have 1 to {_MOST['codes']} codes, got {shown(count)}")
        return cls(d["text_size"], tuple(marks), d["lengths"], tuple((name, count) for name, count in streams))


def _words(value, most: int) -> bool:
    """Whether it is a list of different short texts."""
    return (
        isinstance(value, list)
        and len(value) <= most
        and all(isinstance(word, str) and 0 < len(word) <= 64 for word in value)
        and len(set(value)) == len(value)
    )
