"""Captions of a segment: hand-written phrases of its label joined with what was measured of this very motion."""

from __future__ import annotations

import re
from typing import TypedDict

import numpy as np

from backend.motion.intent import slots_of
from backend.motion.intent_words import word_set

from . import grammar
from .grammar import Sentence, parse

MAX_WORDS = 40
COVERS_MOST = 0.7
"""part of a take that a crop must hold before sentences about the whole take are said of it"""
NOISE = 0.15
"""part of the captions with slips of the keyboard"""


class Caption(TypedDict):
    text: str
    slots: dict


# what "a person walks forward" may be said of beside the label's own words; of a bear's walk or a dance it would
# teach the wrong thing
_PLAIN = word_set(
    "walk jog run jump leap hop turn spin stand idle sit kick punch wave crouch sneak lie reach pickup point bow drink "
    "exercise balance stretch wash mop crawl"
)
_PACES = ("walk", "jog", "run")
_GESTURES = ("wave", "raise", "punch", "kick", "right_hand", "left_hand", "both_hands")
_EMPTY_SLOTS = {
    "verb": None,
    "side": None,
    "direction": None,
    "turn": None,
    "speed": None,
    "count": None,
    "style": None,
}


def key_slots(key: str) -> dict:
    """Slots of a fact key: "walk_turn_left" -> verb walk, turn left."""
    words = key.split("_")
    slots = dict(_EMPTY_SLOTS, verb=words[0])
    side = next((w for w in words if w in ("left", "right", "both")), None)
    if "turn" in words or "spin" in words or "circle" in words:
        slots["turn"] = f"around_{side}" if "around" in words else side
    elif words[0] == "sidestep":
        slots["direction"] = side
    else:
        slots["side"] = side
    if words[-1] in ("forward", "backward"):
        slots["direction"] = words[-1]
    slots["speed"] = {"slow": "slow", "fast": "fast"}.get(words[-1])
    if "shoulder" in words:
        slots["verb"] = "raise"
        slots["style"] = "shoulder high"
    renamed = {"bend": "bow", "reach": "pickup", "get": "stand_up", "lie": "lie", "steps": "walk", "wave": "wave"}
    slots["verb"] = "stand_up" if key == "stand_up" else renamed.get(slots["verb"], slots["verb"])
    return slots


def compose(
    entry: dict | None,
    keys: list[str],
    rng: np.random.Generator,
    bank: dict,
    mirrored: bool = False,
    *,
    covers: float = 1.0,
    counts: dict[str, int] | None = None,
    aim: int = 5,
) -> list[Caption]:
    """At least 3 different captions (aim 5): two of the label, one with a measured clause, one of facts alone, one short.

    ``entry``: the label's phrases (slots, sentences, short, whole, parts), None = no label. ``keys``: fact keys of the
    very motion, mirrored or not, most telling first; so only the label's words are swapped when ``mirrored``.
    ``bank``: facts.json. ``covers``: part of the take that the segment holds. ``counts``: key -> number for "{count}".
    """
    counts = {k: v for k, v in (counts or {}).items() if v}
    keys = [k for k in keys if k in bank]
    label, short, slots = _label(entry, keys, mirrored, covers)
    facts_alone = not label or _plain(slots)
    made: list[Caption] = [{"text": t, "slots": slots} for t in _draw(label, 2, rng)]
    with_clause = _with_clause(_draw(label, len(label), rng), slots, keys, bank, counts, rng)
    if with_clause:
        made.append(with_clause)
    if facts_alone:
        made += _of_facts(keys[:2], bank, counts, rng, 1 if label else 4)
    fragments = [{"text": t, "slots": slots} for t in _draw(short, 2, rng)]
    if facts_alone or not fragments:
        fragments += [{"text": t, "slots": key_slots(k)} for k in keys[:1] for t in _texts(bank[k], "short", counts, k)]
    made += [fragments[i] for i in rng.permutation(len(fragments))[:1]]
    spare = [{"text": t, "slots": slots} for t in label + short] + fragments
    spare += _of_facts(keys, bank, counts, rng, 6) if facts_alone or not label else []
    spare += [{"text": t, "slots": slots if label else dict(_EMPTY_SLOTS)} for t in _ANYTHING]
    unique = _unique(made)
    for caption in spare:
        if len(unique) >= (aim if caption["text"] not in _ANYTHING else 3):
            break
        unique = _unique([*unique, caption])
    return [dict(c, text=grammar.noisy(c["text"], rng)) if rng.random() < NOISE else c for c in unique]


# for the few segments that have neither a label that fits nor a fact
_ANYTHING = ("a person moves", "someone does something", "the character moves about")


def _label(entry: dict | None, keys: list[str], mirrored: bool, covers: float):
    """(sentences, short ones, slots) that may be said of this part of the take."""
    if not entry:
        return [], [], dict(_EMPTY_SLOTS)
    swap = grammar.swap_sides if mirrored else str
    slots = grammar.swap_slots(entry["slots"]) if mirrored else dict(entry["slots"])
    if entry.get("whole") or covers >= COVERS_MOST:
        return [swap(t) for t in entry["sentences"]], [swap(t) for t in entry.get("short", ())], slots
    parts = [swap(t) for t in entry.get("parts", ())]
    return [t for t in parts if _agrees(t, keys)], [], slots


def _agrees(text: str, keys: list[str]) -> bool:
    """Whether a sentence about some part of a take can be about this one: its turns and sides must be measured here."""
    sides = {k.rsplit("_", 1)[-1] for k in keys if "turn" in k or "sidestep" in k or "circle" in k or "spin" in k}
    for action in slots_of(text)["actions"]:
        for wanted in (action["turn"], action["direction"]):
            if wanted in ("left", "right") and wanted not in sides:
                return False
    return True


def _plain(slots: dict) -> bool:
    return slots.get("verb") in _PLAIN and slots.get("style") in (None, "normal", "striding")


def _texts(phrases: dict, kind: str, counts: dict[str, int], key: str = "") -> list[str]:
    """The phrases of a kind with the number filled in; those that need an unknown number are left out."""
    number = counts.get(key)
    filled = [t.replace("{count}", _number(number)) if number else t for t in phrases.get(kind, ())]
    return [t for t in filled if "{count}" not in t]


def _number(number: int | None) -> str:
    words = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[number] if number is not None and number < len(words) else str(number)


def _draw(texts: list[str], n: int, rng: np.random.Generator) -> list[str]:
    return [texts[i] for i in rng.permutation(len(texts))[:n]]


def _of_facts(keys: list[str], bank: dict, counts: dict, rng: np.random.Generator, n: int) -> list[Caption]:
    """Up to n sentences of facts alone, the first keys first."""
    out: list[Caption] = []
    pools = [(k, _draw(_texts(bank[k], "sentences", counts, k), 99, rng)) for k in keys]
    for turn in range(n):
        for key, texts in pools:
            if turn < len(texts):
                out.append({"text": texts[turn], "slots": key_slots(key)})
    return out[:n]


def _with_clause(label: list[str], slots: dict, keys, bank: dict, counts: dict, rng) -> Caption | None:
    """The first label sentence and fact clause that go together and say something new."""
    for key in keys:
        fact = key_slots(key)
        if not _plain(slots) and key.startswith(_GESTURES):
            continue  # a dancer's arms wave, but not as one waves at somebody
        if fact["verb"] != slots["verb"] and fact["verb"] in _PACES and slots["verb"] in _PACES:
            continue  # the label knows better whether that is a jog
        new = [k for k, v in fact.items() if v is not None and k != "verb" and slots.get(k) != v]
        against = [k for k in new if slots.get(k) is not None]
        if fact["verb"] == slots["verb"] and (not new or against):
            continue
        if slots.get("turn") and fact["turn"]:
            continue
        for text in label:
            clauses = [c for c in _texts(bank[key], "clauses", counts, key) if not _repeats(text, c)]
            for clause in _draw(clauses, len(clauses), rng):
                joined = attach(text, clause)
                if joined and len(joined.split()) <= MAX_WORDS:
                    merged = {k: slots.get(k) if slots.get(k) is not None else fact.get(k) for k in _EMPTY_SLOTS}
                    same = fact["verb"] == slots["verb"] or slots["verb"] is None
                    return {"text": joined, "slots": merged if same else dict(slots, also=[fact])}
    return None


def _repeats(text: str, clause: str) -> bool:
    """Whether a clause repeats a content word of the sentence: "walks forward, walking forward"."""
    small = {"the", "and", "with", "while", "their", "its", "his", "her", "one", "then", "left", "right", "hand", "arm"}
    stem = lambda t: {w[:4] for w in re.findall(r"[a-z]{3,}", t.lower()) if w not in small}  # noqa: E731
    return bool(stem(text) & stem(clause))


def attach(text: str, clause: str) -> str | None:
    """Sentence and clause as one sentence; None when their forms do not go together."""
    sentence = parse(text)
    first = clause.split(" ")[0]
    clause = grammar.possessives(clause, sentence.possessive)
    if first.endswith("ing") or first in ("then", "stretched", "down"):
        ok = sentence.third_person or first.endswith("ing")
        return f"{text}, {clause}" if ok else None
    if first in ("with", "at", "in", "over", "while", "without"):
        return f"{text} {clause}"
    if sentence.third_person and first.endswith("s"):
        joint = ", and then" if re.search(r",|\band\b", text) else " and"
        return f"{text}{joint} {clause}"
    return None


def _unique(captions: list[Caption]) -> list[Caption]:
    seen: dict[str, Caption] = {}
    for c in captions:
        if len(c["text"].split()) <= MAX_WORDS:
            seen.setdefault(c["text"].lower(), c)
    return list(seen.values())


def join(a: Caption, b: Caption, rng: np.random.Generator) -> Caption:
    """What happens first, then second: "a person walks forward, then waves with the right hand"."""
    first, second = parse(a["text"]), parse(b["text"])
    return {"text": _joined(first, second, rng), "slots": dict(a["slots"], then=b["slots"])}


def _joined(first: Sentence, second: Sentence, rng: np.random.Generator) -> str:
    if second.third_person and not first.third_person:
        predicate = finite_for(first, second)
        first = Sentence(second.subject, predicate) if predicate else first
    opening = _text(first)
    if first.third_person:
        follows = finite_for(second, first)
        if follows:
            templates = ["{a}, then {b}", "{a} and then {b}", "first {a}, after that {p} {b}", "{a}, and after that {b}",
                         "{a} before {g}", "{a}, followed by {g}"]  # fmt: skip
        else:
            templates = []
        pronoun = {"his": "he", "her": "she", "its": "it"}.get(first.possessive)
        doing = grammar.gerund(second)
    else:
        # two imperatives or fragments
        follows = None if second.third_person else second.predicate
        templates = ["{a}, then {b}", "{a} and then {b}", "first {a}, after that {b}", "{a}, {b}"] if follows else []
        pronoun, doing = "", None
    fitting = [t for t in templates if ("{p}" not in t or pronoun) and ("{g}" not in t or doing)]
    if not fitting:
        return _short_enough(f"{opening}. then {_text(second)}", opening)
    doing = grammar.possessives(doing, first.possessive) if doing else ""
    template = fitting[int(rng.integers(len(fitting)))]
    return _short_enough(template.format(a=opening, b=follows, p=pronoun, g=doing).replace("  ", " "), opening)


def finite_for(sentence: Sentence, subject_of: Sentence) -> str | None:
    """The predicate, said of another sentence's subject."""
    predicate = grammar.finite(sentence)
    return grammar.possessives(predicate, subject_of.possessive) if predicate else None


def overlay(lower: Caption, upper: Caption, rng: np.random.Generator) -> Caption:
    """Two things at once: "a person walks forward while waving"."""
    legs, arms = parse(lower["text"]), parse(upper["text"])
    if arms.third_person and not legs.third_person:
        predicate = finite_for(legs, arms)
        legs = Sentence(arms.subject, predicate) if predicate else legs
    opening = _text(legs)
    doing = grammar.gerund(arms)
    follows = finite_for(arms, legs) if legs.third_person else None if arms.third_person else arms.predicate
    if doing:
        doing = grammar.possessives(doing, legs.possessive)
        text = (f"{opening} while {doing}", f"while {doing}, {opening}", f"{opening}, {doing} at the same time")[
            int(rng.integers(3))
        ]
    elif follows:
        text = f"{opening} and {follows} at the same time"
    else:
        text = f"{opening}, and at the same time {_text(arms)}"
    return {"text": _short_enough(text, opening), "slots": {**lower["slots"], "while": upper["slots"]}}


def _text(sentence: Sentence) -> str:
    return f"{sentence.subject} {sentence.predicate}".strip()


def _short_enough(text: str, otherwise: str) -> str:
    """Cut to the limit of words at a comma or the end of the opening; never in the middle of a phrase."""
    words = text.split()
    if len(words) <= MAX_WORDS:
        return text
    head = " ".join(words[:MAX_WORDS])
    return head.rsplit(",", 1)[0] if head.count(",") and len(head.rsplit(",", 1)[0]) > len(otherwise) else head
