"""Just enough English to join caption sentences: who does it, the verb's forms, sides swapped, slips of the keyboard."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from backend.motion.intent_words import forms, word_set

_PEOPLE = (
    "person|man|woman|character|figure|dancer|girl|boy|guy|lady|zombie|skeleton|monster|fighter|performer|"
    "martial artist|runner|jogger|player|warrior|actor|soldier|archer|mage|wizard|swordsman|ballerina"
)
_THIRD = re.compile(
    rf"^(someone|he|she|it|(?:a|an|the|this|one) (?:\w+ )?(?:{_PEOPLE})) (?=(?:is|has|\w+s)\b)(.+)$", re.I
)
_POSSESSIVE = re.compile(r"\b(his|her|its|their|your)\b(?=(?: \w+)? \w)", re.I)
_SIDES = {
    "left": "right", "right": "left", "clockwise": "counterclockwise", "counterclockwise": "clockwise",
    "counter-clockwise": "clockwise", "anticlockwise": "clockwise", "anti-clockwise": "clockwise",
    "leftward": "rightward", "rightward": "leftward", "leftwards": "rightwards", "rightwards": "leftwards",
    "lefthand": "righthand", "righthand": "lefthand",
}  # fmt: skip
_SIDE = re.compile(
    r"\b(" + "|".join(sorted(_SIDES, key=len, reverse=True)) + r")\b(?! (?:away|now|after|before|on)\b)", re.I
)


def swap_sides(text: str) -> str:
    """Left for right and clockwise for counterclockwise and back, keeping capitals; "right away" stays."""

    def other(match):
        word = match.group(1)
        swapped = _SIDES[word.lower()]
        return swapped.upper() if word.isupper() else swapped.capitalize() if word[0].isupper() else swapped

    return _SIDE.sub(other, text)


def swap_slots(slots):
    """The same for the values of slots, nested or not."""
    if isinstance(slots, dict):
        return {k: swap_slots(v) for k, v in slots.items()}
    if isinstance(slots, list):
        return [swap_slots(v) for v in slots]
    return _SIDES.get(slots, slots) if isinstance(slots, str) else slots


@dataclass(frozen=True)
class Sentence:
    """A caption as subject and predicate. ``subject`` "" = imperative or fragment."""

    subject: str
    predicate: str

    @property
    def third_person(self) -> bool:
        return bool(self.subject)

    @property
    def simple(self) -> bool:
        """One verb only, so that inflecting the first word is enough."""
        return not re.search(r",|;|\b(?:and|then|before|but|as|while|who|that)\b", self.predicate)

    @property
    def possessive(self) -> str:
        who = self.subject.lower()
        if not who:
            return "your"
        if re.search(r"\b(?:he|man|boy|guy|swordsman)\b", who):
            return "his"
        if re.search(r"\b(?:she|woman|girl|lady|ballerina)\b", who):
            return "her"
        return "its" if re.search(r"\b(?:it|character|figure|zombie|skeleton|monster)\b", who) else "their"


def parse(text: str) -> Sentence:
    match = _THIRD.match(text.strip().rstrip("."))
    return Sentence(match.group(1), match.group(2)) if match else Sentence("", text.strip().rstrip("."))


def base_of(third: str) -> str:
    """waves -> wave, catches -> catch, carries -> carry."""
    irregular = {"does": "do", "goes": "go", "has": "have", "is": "be", "lies": "lie", "dies": "die", "ties": "tie"}
    if third in irregular:
        return irregular[third]
    if third.endswith("ies"):
        return third[:-3] + "y"
    if re.search(r"(?:s|x|ch|sh|z)es$", third):
        stem = third[:-2]
        # "rises" drops the s, "passes" the es
        return stem if re.search(r"(?:ss|x|ch|sh|zz)$", stem) else stem + "e"
    return third[:-1] if third.endswith("s") else third


def gerund(sentence: Sentence) -> str | None:
    """Predicate with its verb as -ing: "waves at her" -> "waving at her"; None where that is not safe."""
    first, _, rest = sentence.predicate.partition(" ")
    if sentence.third_person and first == "is":
        return rest if rest.split(" ")[0].endswith("ing") else None
    if first.endswith("ing"):
        return sentence.predicate
    if not sentence.simple or not first.isalpha():
        return None
    if not sentence.third_person and not _imperative(first):
        return None
    made = forms(base_of(first) if sentence.third_person else first)[2]
    return f"{made} {rest}".strip()


def finite(sentence: Sentence) -> str | None:
    """Predicate as a third person would do it: "wave your hand" -> "waves your hand", "is waving" -> "starts waving";
    None where that is not safe."""
    first, _, rest = sentence.predicate.partition(" ")
    if sentence.third_person:
        return f"starts {rest}" if first == "is" and rest.split(" ")[0].endswith("ing") else sentence.predicate
    if not _imperative(first) or not sentence.simple:
        return None
    return f"{forms(first)[1]} {rest}".strip()


# imperatives the phrase files start with; a fragment such as "casual walk" must not be inflected
_IMPERATIVES = word_set(
    "walk run jog jump hop turn spin raise lift wave punch kick sit stand crouch kneel bend step go take move stop squat "
    "lie reach pick throw swing climb dance march sneak stride stroll sprint dash leap pivot bow stay get put keep hold "
    "make do give sidestep strafe look rotate point duck roll crawl walk"
)


def _imperative(word: str) -> bool:
    return word in _IMPERATIVES


def possessives(text: str, possessive: str) -> str:
    """his/her/its/their/your before a noun, made to fit the sentence's subject."""
    return _POSSESSIVE.sub(possessive, text)


def noisy(text: str, rng: np.random.Generator) -> str:
    """What people's keyboards do: a swapped or lost letter, capitals, a full stop. Side words stay readable."""
    kind = rng.integers(4)
    if kind == 0:
        return text[:1].upper() + text[1:] + "."
    if kind == 1:
        return text.upper() if rng.random() < 0.3 else text.title()
    tokens = text.split(" ")
    long = [i for i, w in enumerate(tokens) if len(w) >= 5 and w.isalpha() and w.lower() not in _SIDES]
    if not long:
        return text + "."
    i = long[rng.integers(len(long))]
    k = int(rng.integers(1, len(tokens[i]) - 2))
    word = tokens[i]
    lost = word[:k] + word[k + 1 :]
    swapped = word[:k] + word[k + 1] + word[k] + word[k + 2 :]
    tokens[i] = lost if kind == 2 else swapped
    return " ".join(tokens)
