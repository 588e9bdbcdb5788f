"""Prompt v1: what stands before the motion codes. Training builds the same sequence (training/sequences.py).

<bos> [<len_k>] text <motion> [<len_k> unless given before] c1 .. ck </motion>
"""

from __future__ import annotations

from dataclasses import dataclass

VERSION = 1
FRAMES_PER_CODE = 4
MAX_CODES = 75
SPECIALS = ("<pad>", "<bos>", "<eos>", "<motion>", "</motion>")
"""the first tokens of every bundle's text tokenizer, by id"""
PAD, BOS, EOS, MOTION, END_MOTION = range(len(SPECIALS))


def normalise(text: str) -> str:
    """Lower case, stripped, inner white space collapsed: what the text tokenizer is trained on and asked with."""
    return " ".join(text.lower().split())


@dataclass(frozen=True)
class Vocabulary:
    """Ids: text first, then the lengths 1..75, then the motion codes."""

    text_size: int
    codes: int

    @property
    def lengths(self) -> slice:
        return slice(self.text_size, self.text_size + MAX_CODES)

    @property
    def motion(self) -> slice:
        return slice(self.text_size + MAX_CODES, self.text_size + MAX_CODES + self.codes)

    def length(self, codes: int) -> int:
        return self.text_size + codes - 1


def prompt(vocabulary: Vocabulary, text_ids: list[int], codes: int | None) -> list[int]:
    """Token ids up to and with ``<motion>``; ``codes`` None lets the model say the length first."""
    length = [] if codes is None else [vocabulary.length(codes)]
    return [BOS, *length, *text_ids, MOTION]
