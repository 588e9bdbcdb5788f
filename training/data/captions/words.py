"""The words of a caption as HumanML3D's text files have them: pairs (lemma, part of speech), which T2M's evaluators read.

The published files were tagged by spaCy's small English model. Here ``words.json`` says what every word of our captions
can be and ``word_kinds`` chooses. A word that the file does not know is "OTHER", which the evaluators know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from backend.motion.intent_words import forms, word_set

from .word_kinds import END, Place, Word
from .word_kinds import kind as kind_of

FILE = Path(__file__).with_name("words.json")
_PIECE = re.compile(r"[.,;:!?]|[^\W_]+(?:['’][^\W_]+)*")
_ENDINGS = word_set("s re m ve ll d")  # of "person's", "they're", "i'm": words of their own for spaCy, and no letters


def tokens(sentence: str) -> tuple[tuple[str, str], ...]:
    """(lemma, part of speech) of every word made of letters, hyphens taken out; only nouns and verbs are lemmas, and
    "left" never is, as T2M has it."""
    words = list(_words(sentence))
    found: list[tuple[str, str]] = []
    start, acted = 0, False
    for i, word in enumerate(words):
        if word.opens:
            start, acted = i, False
        before = found[i - 1][1] if i > start else ""
        if before in ("CCONJ", "SCONJ"):
            acted = False
        joined = words[i - 2] if before == "CCONJ" and i > 1 and found[i - 2][1] == "NOUN" else None
        after = words[i + 1] if i + 1 < len(words) and not words[i + 1].opens else END
        kind = kind_of(Place(word, after, before, words[i - 1].text if before else "", acted, joined))
        # "the standing person" does not act yet
        acted = acted or kind == "AUX" or (kind == "VERB" and before != "DET")
        lemma = kind in ("NOUN", "VERB") and word.text != "left"
        found.append((word.readings[kind] if lemma else word.text, kind))
    return tuple(found)


def is_known(sentence: str) -> bool:
    """Whether words.json has every word of a sentence."""
    return all(word.readings for word in _words(sentence))


@cache
def _lexicon() -> dict[str, dict[str, str]]:
    """Form -> part of speech -> lemma. The file's ``forms`` stand in place of what the rules of inflection make."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    found: dict[str, dict[str, str]] = {}
    for kind, lines in data["lemmas"].items():
        inflected = {"VERB": forms, "NOUN": _numbers}.get(kind, lambda lemma: [lemma])
        for lemma in " ".join(lines).split():
            for form in inflected(lemma):
                found.setdefault(form, {}).setdefault(kind, lemma)
    return found | data["forms"]


def _numbers(noun: str) -> list[str]:
    """Singular and plural."""
    if noun.endswith(("s", "x", "ch", "sh", "z")):
        return [noun, noun + "es"]
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return [noun, noun[:-1] + "ies"]
    return [noun, noun + "s"]


def _words(sentence: str) -> Iterator[Word]:
    opens = True
    for piece in _PIECE.findall(sentence.replace("-", "").lower()):
        if piece in ".,;:!?":
            opens = True
            continue
        text, _, ending = piece.replace("’", "'").partition("'")
        negated = ending == "t" and text.endswith("n")
        if negated:
            text, ending = text[:-1], ""
        if text.isalpha() and (not ending or ending in _ENDINGS):
            yield Word(text, {"AUX": text} if negated else _lexicon().get(text, {}), opens)
            opens = False
