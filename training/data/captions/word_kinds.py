"""Which part of speech a word of a caption has, from what it can be and from the words around it: a few rules, enough for
short sentences about who does what. The names are those of the Universal Dependencies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.motion.intent_words import word_set

UNKNOWN = "OTHER"
# after a verb these belong to it ("sits down"), the others say where ("turns around")
_PARTICLES = word_set("up down out off over in on")
_AHEAD = word_set("forward backward backwards sideways upward upwards downward")
_OPENS_A_NOUN = word_set("DET ADJ NUM")


@dataclass(frozen=True)
class Word:
    """``readings``: part of speech -> lemma; ``opens``: a comma or nothing stands before it."""

    text: str
    readings: dict[str, str]
    opens: bool

    def can_be(self, *kinds: str) -> bool:
        return any(kind in self.readings for kind in kinds)

    @property
    def plain(self) -> bool:
        """In the form in which a dictionary has it."""
        return self.text in self.readings.values()


END = Word("", {}, True)


@dataclass(frozen=True)
class Place:
    """A word, the one after it, and what was chosen before it in its clause: ``before`` "" is the clause's beginning.
    ``acted``: the clause has its verb. ``joined``: the noun that "and" or "or" joins to it."""

    word: Word
    after: Word
    before: str = ""
    before_text: str = ""
    acted: bool = False
    joined: Word | None = None


def kind(place: Place) -> str:
    """The part of speech of a word in its place."""
    kinds = frozenset(place.word.readings)
    if len(kinds) < 2:
        return next(iter(kinds), UNKNOWN)
    if place.word.text in _OWN_RULES:
        return _OWN_RULES[place.word.text](place)
    for rule_for, rule in _RULES:
        if kinds >= rule_for:
            return rule(place)
    return next(iter(place.word.readings))


def _noun_or_verb(place: Place) -> str:
    word, after, before = place.word, place.after, place.before
    describes = after.can_be("NOUN") and not after.can_be("ADP", "ADV", "DET")
    if word.text.endswith("ing"):
        return "NOUN" if before in _OPENS_A_NOUN and not describes else "VERB"
    if before in ("DET", "ADJ", "NUM", "ADP", "VERB"):
        return "NOUN"
    if before == "CCONJ":
        # "punches and kicks", but "a dance and kicks" and "punches and kicks the bag"
        alike = place.joined is not None and place.joined.can_be("VERB") and place.joined.plain == word.plain
        return "NOUN" if alike and not after.can_be("DET", "PRON") else "VERB"
    if before in ("PART", "AUX", "PRON", "SCONJ", "INTJ"):
        return "VERB"
    if before in ("NOUN", UNKNOWN):
        # "a person kicks", "arms swing", but "does high kicks", "a jump kick"
        swings = not word.plain or place.before_text.endswith("s")
        return "VERB" if swings and not place.acted else "NOUN"
    if not word.plain:
        return "VERB"
    # "wave hello" and "then wave" are done, "walk cycle" and "forward jump" are named
    named = (describes and not after.text.endswith("s")) or (place.before_text in _AHEAD and not place.acted)
    return "NOUN" if named else "VERB"


def _adjective_or_verb(place: Place) -> str:
    if place.before in ("NOUN", "PRON", "PART"):
        return "VERB"
    if place.before in ("", "ADV", "CCONJ") and not place.after.can_be("NOUN"):
        return "VERB"
    return "ADJ"


def _adjective_or(other: str) -> Callable[[Place], str]:
    """ADJ before a noun, otherwise ``other``."""
    return lambda place: "ADJ" if place.after.can_be("NOUN") else other


def _preposition_or_adverb(place: Place) -> str:
    if place.after.can_be("DET", "NUM", "PRON") or place.after.can_be("NOUN", "ADJ") and not place.after.can_be("VERB"):
        return "ADP"
    if place.after.text.endswith("ing"):
        return "ADP"
    return "ADP" if place.before in ("VERB", "PRON") and place.word.text in _PARTICLES else "ADV"


def _to(place: Place) -> str:
    verb = place.after.can_be("VERB", "AUX") and place.after.plain
    # "hand to head"
    return "PART" if verb and not (place.before == "NOUN" and place.after.can_be("NOUN")) else "ADP"


def _her(place: Place) -> str:
    return "DET" if place.after.can_be("NOUN", "ADJ") and not place.after.can_be("ADP") else "PRON"


def _that(place: Place) -> str:
    if place.after.can_be("PRON", "DET"):
        return "SCONJ"
    return "DET" if place.after.can_be("NOUN") and not place.after.can_be("VERB") else "PRON"


def _as(place: Place) -> str:
    if place.after.can_be("DET", "NOUN"):
        return "ADP"
    return "ADV" if place.after.can_be("ADV", "ADJ") else "SCONJ"


def _like(place: Place) -> str:
    return "ADP" if place.after.can_be("DET", "NOUN", "ADJ") else "SCONJ"


def _there(place: Place) -> str:
    return "PRON" if place.after.can_be("AUX") else "ADV"


def _back(place: Place) -> str:
    if place.before in _OPENS_A_NOUN:
        return "ADJ" if place.after.can_be("NOUN") and not place.after.can_be("ADP", "ADV") else "NOUN"
    if place.before in ("", "PART", "CCONJ") and place.after.text in ("up", "away", "off"):
        return "VERB"
    return "ADV"


def _half(place: Place) -> str:
    return "DET" if place.after.can_be("DET") else _adjective_or("NOUN")(place)


def _side(place: Place) -> str:
    """Left and right: of a hand, to the left, turns left."""
    if place.before == "AUX" and place.word.can_be("VERB"):
        return "VERB"
    if place.after.can_be("NOUN") and not place.after.can_be("ADV", "ADP"):
        return "ADJ"
    return "NOUN" if place.before in ("DET", "ADP") else "ADV"


def _helping_verb(place: Place) -> str:
    """Forms of have and do help a verb that follows."""
    after = place.after
    helps = after.can_be("VERB") and not after.can_be("NOUN", "ADJ") and not after.text.endswith("ing")
    return "AUX" if helps else "VERB"


_OWN_RULES = {
    "to": _to, "her": _her, "that": _that, "as": _as, "like": _like, "there": _there, "back": _back, "half": _half,
    "left": _side, "right": _side,
}  # fmt: skip
_RULES = (
    (frozenset({"NOUN", "VERB"}), _noun_or_verb),
    (frozenset({"AUX", "VERB"}), _helping_verb),
    (frozenset({"ADJ", "VERB"}), _adjective_or_verb),
    (frozenset({"ADP", "ADV"}), _preposition_or_adverb),
    (frozenset({"ADJ", "ADV"}), _adjective_or("ADV")),
    (frozenset({"ADJ", "NOUN"}), _adjective_or("NOUN")),
)
