"""What a prompt asks for, as slots, and how well measured facts satisfy it.

The parsing is shallow on purpose: verbs from a table of synonyms, each with the sides, directions, turns, speeds and
counts that stand next to it, in the order in which "then" puts them. What it does not know it says.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from . import intent_words as words
from .facts import Facts
from .intent_score import judge

_SEQUENCE = re.compile(
    r"\b(?:and then|then|after that|afterwards?|after which|followed by|before(?! (?:him|her|them))|finally|next|"
    r"subsequently|later|eventually|until)\b(?! to\b)|[.;](?!\d)"
)
_LONGEST_WORD = 30
_NOT = ("without", "not", "never", "no", "dont", "doesnt", "instead")
_TO_TURN = {"clockwise": "right", "counterclockwise": "left", "anticlockwise": "left"}


@cache
def _table():
    table = words.phrase_table()
    return table, max(len(k) for k in table)


def slots_of(text: str) -> dict:
    """The wanted slots of a prompt.

    ``{"actions": [{"verb", "side", "direction", "turn", "speed", "count", "part", "order"}, ...], "unknown": [words],
    "verb": ..., "side": ... (those of the first action)}``. ``order`` counts what follows one another; actions of the
    same order go on together or in any order. ``turn`` is left, right, around, or a signed number of degrees (+ left).
    """
    text = unicodedata.normalize("NFKD", text.lower())
    text = "".join(c for c in text if not unicodedata.combining(c))
    foreign = [word for word in re.findall(r"[^\W\d_]+", text) if not word.isascii()]
    foreign += [c for c in text if unicodedata.category(c) == "So" and c > "\u2000"]  # emoji, but not the degree sign
    # an apostrophe stands inside a word, everything else between two
    text = re.sub(r"[^a-z0-9.;,\- ]+", " ", text.replace("’", "'").replace("'", ""))
    text = re.sub(r"\b(counter|anti)[- ]clockwise", r"\1clockwise", text)
    actions: list[dict] = []
    unknown: list[str] = foreign
    order = 0
    for clause in _SEQUENCE.split(text):
        # "waves after sitting down": what follows "after" came first
        main, _, earlier = clause.partition(" after ")
        found = _clause(earlier, unknown) if earlier else []
        for group in (found, _clause(main, unknown)):
            if group:
                actions += [dict(a, order=order) for a in group]
                order += 1
    first = actions[0] if actions else {}
    top = {k: first.get(k) for k in ("verb", "side", "direction", "turn", "speed", "count")}
    return {"actions": actions, "unknown": list(dict.fromkeys(map(_short, unknown))), **top}


def _short(word: str) -> str:
    """A word as it is told to a reader; what was typed without a space may be long."""
    return word if len(word) <= _LONGEST_WORD else word[: _LONGEST_WORD - 1] + "…"


def score(facts: Facts, slots: dict) -> tuple[float, list[str]]:
    """How well the facts satisfy the slots, 0..1, and why; what cannot be measured counts 0.5."""
    return judge(facts, slots)


def _clause(text: str, unknown: list[str]) -> list[dict]:
    """The actions of one clause, without order."""
    tokens = re.findall(r"[a-z]+(?:-[a-z]+)*|\d+(?:\.\d+)?", text)
    table, longest = _table()
    hits: list[tuple[int, int, str]] = []  # first token, past the last, verb
    at, negated = 0, False
    while at < len(tokens):
        if tokens[at] in _NOT:
            negated = True
        for n in range(min(longest, len(tokens) - at), 0, -1):
            verb = _verb(tokens, at, n, table)
            if verb:
                if negated:
                    # "without moving" is standing, "without turning" is nothing to do
                    if verb == "walk" and tokens[at] in ("move", "moves", "moving") and not hits:
                        hits.append((at, at + n, "stand"))
                else:
                    hits.append((at, at + n, verb))
                at += n
                break
        else:
            known = tokens[at] in words.FILLER | words.ARM | words.LEG | words.FAST | words.SLOW | words.SLIGHT
            known |= tokens[at] in words.FORWARD | words.BACKWARD | words.SIDEWAYS or tokens[at] in words.COUNTS
            if not known and not tokens[at][0].isdigit():
                unknown.append(tokens[at])
            at += 1
    # "goes jogging", "takes two steps", "stops walking" are told by the second word alone
    hits = [h for k, h in enumerate(hits) if not (tokens[h[0]] in words.HELPERS and _follows(hits, k))]
    actions = [_action(tokens, hits, i) for i in range(len(hits))]
    if not any(a["verb"] in ("raise", "wave", "reach") for a in actions):
        actions += _arms_held_up(tokens, hits)
    return _merged(actions)


def _follows(hits: list[tuple[int, int, str]], k: int) -> bool:
    return k + 1 < len(hits) and hits[k + 1][0] - hits[k][1] <= 2


def _verb(tokens: list[str], at: int, n: int, table: dict) -> str | None:
    """The verb of ``tokens[at:at + n]``; nouns that look like verbs are sorted out."""
    verb = table.get(tuple(tokens[at : at + n]))
    if verb is None and n >= 2 and tokens[at + n - 1] in ("jacks",):
        verb = table.get((*tokens[at : at + n - 1], "jack"))
    # a particle may stand after the object: "picks something up", "lifts his arm up" needs none
    if verb is None or n > 1:
        return verb
    before = tokens[at - 1] if at else ""
    noun = before in ("a", "an", "the", "his", "her", "their", "each", "few", "two", "three", "several", "one", "four")
    word = tokens[at]
    if noun and word in ("steps", "step"):
        return "walk"
    if noun and word in ("head", "back", "box", "chair", "pace", "hook", "bat", "charge", "stand", "hand", "rest"):
        return None
    if word in ("head", "back", "place", "box", "pitch", "bear", "bound", "hold", "play", "pace", "seated") and (
        before in ("in", "at", "on", "over", "above", "of", "and", "to")
    ):
        return None
    if word == "paces" and noun:
        return "walk"
    return verb


def _action(tokens: list[str], hits: list[tuple[int, int, str]], i: int) -> dict:
    start, end, verb = hits[i]
    after_to = hits[i + 1][0] if i + 1 < len(hits) else len(tokens)
    before_from = hits[i - 1][1] if i else 0
    # adverbs just before a verb are its own: "slowly walks"
    lead = tokens[max(before_from, start - 2) : start]
    own = tokens[end:after_to]
    if i + 1 < len(hits) and own and own[-1] in words.FAST | words.SLOW and len(own) > 1:
        own = own[:-1]
    said = tokens[start:end]
    here = (lead if i == 0 else lead[-1:]) + said + own
    action = {
        "verb": verb, "side": None, "direction": None, "turn": None, "speed": None, "count": None, "part": None
    }  # fmt: skip
    near = set(here)
    action["part"] = "leg" if near & words.LEG else "arm" if near & words.ARM else None
    action["side"] = _side(here)
    action["speed"] = "fast" if near & words.FAST else "slow" if near & words.SLOW else None
    action["count"] = _count(own, verb) or _count(lead + said, verb)
    _place(action, own, said, lead)
    if verb == "raise" and action["part"] == "leg":
        action["verb"] = "raise_leg"
    elif verb == "raise" and action["part"] is None and not near & {"up", "high", "overhead"}:
        action["verb"] = "carry"
    return action


def _side(here: list[str]) -> str | None:
    """The side of the body part meant: the side word must stand right before a part, or "both" before it."""
    sides = set()
    for k, token in enumerate(here):
        if token in words.ARM | words.LEG:
            near = here[max(0, k - 4) : k]
            sides |= {s for s in ("left", "right") if s in near[-1:] or (s in near and "and" in near)}
            plural = token.endswith("s") or token == "feet"
            if "both" in near or (plural and not {"left", "right"} & set(near)):
                sides |= {"left", "right"}
    return None if not sides else "both" if len(sides) == 2 else sides.pop()


def _count(own: list[str], verb: str) -> int | None:
    for k, token in enumerate(own):
        number = words.COUNTS.get(token) or (int(token) if token.isdigit() and int(token) <= 30 else None)
        following = own[k + 1 : k + 3]
        if not number or {"degrees", "degree", "meters", "metres", "hand", "arm", "leg", "foot"} & set(following):
            continue
        counted = {"times", "steps", "step", "paces", "jumps", "hops", "kicks", "punches", "more", "of", "jumping"}
        if token in ("once", "twice", "thrice", "repeatedly", "several") or counted & set(following):
            return number
        if verb in ("jumping_jacks", "jump", "punch", "kick", "hop") and following[:1] != ["foot"] and token != "one":
            return number
    return None


def _place(action: dict, own: list[str], said: list[str], lead: list[str]) -> None:
    """Fills direction and turn in, and lets "steps to the left" be a side step."""
    verb = action["verb"]
    free = set()  # sides that do not belong to a body part
    for k, token in enumerate(own):
        if token in ("left", "right") and not set(own[k + 1 : k + 2]) & (words.ARM | words.LEG):
            free.add(token)
    sideways = bool(set(own) & words.SIDEWAYS) and not {"side"} & set(own) - words.SIDEWAYS and "by" not in own
    turned = next((_TO_TURN[t] for t in own if t in _TO_TURN), None)
    degrees = next(
        (float(t) for t, u in zip(own, own[1:], strict=False) if u.startswith("degree") and _number(t)), None
    )
    if set(own) & words.BACKWARD or (verb in ("walk", "jump", "run") and said[0].startswith(("step", "mov", "jump"))
                                     and "back" in own[:1]) or said[0].startswith(("back", "retreat")):  # fmt: skip
        action["direction"] = "backward"
    elif set(own) & words.FORWARD:
        action["direction"] = "forward"
    elif verb in ("jump", "hop", "raise") and "up" in own:
        action["direction"] = "up"
    elif "in place" in " ".join(own) or "on the spot" in " ".join(own):
        action["direction"] = "in_place"
    side = free.pop() if len(free) == 1 else None
    if verb in ("turn", "spin"):
        action["turn"] = turned or side
        full = degrees is not None and degrees >= 270 or {"circle", "circles", "full"} & set(lead + own)
        if verb == "turn" and full:
            action["verb"] = "spin"
        elif verb == "turn" and (degrees is not None or set(own) & words.SLIGHT):
            size = degrees if degrees is not None else 30.0
            if action["turn"] is None and size > 150.0:
                action["turn"] = "around"
                return
            action["turn"] = size if action["turn"] != "right" else -size
        elif verb == "turn" and {"around", "back"} & set(own):
            action["turn"] = {"left": 180.0, "right": -180.0}.get(action["turn"], "around")
        return
    if verb == "sidestep":
        action["direction"] = side
    elif verb in ("walk", "run", "jog", "jump", "hop") and (side or sideways):
        stepping = said[0].startswith(("step", "shuffl", "mov", "slid")) or sideways
        if stepping and verb == "walk":
            action["verb"], action["direction"] = "sidestep", side
        else:
            action["direction"] = side or action["direction"]
    if verb in ("walk", "run", "jog") and {"circle", "circles"} & set(own):
        action["turn"] = {"left": 360.0, "right": -360.0}.get(turned or side, "circle")


def _number(token: str) -> bool:
    return token.replace(".", "", 1).isdigit()


def _arms_held_up(tokens: list[str], hits) -> list[dict]:
    """ "hands up", "with his right arm in the air": raised arms without the verb."""
    for k, token in enumerate(tokens):
        if token in words.ARM and set(tokens[k + 1 : k + 4]) & {"up", "overhead", "air", "above", "raised"}:
            side = _side(tokens[max(0, k - 4) : k + 1])
            return [{"verb": "raise", "side": side, "direction": None, "turn": None, "speed": None, "count": None,
                     "part": "arm"}]  # fmt: skip
    return []


def _merged(actions: list[dict]) -> list[dict]:
    """Helpers drop out: "goes jogging", "keeps walking", "stands and waves", "does a kick"."""
    kept: list[dict] = []
    for a in actions:
        if kept and kept[-1]["verb"] == a["verb"]:
            for key, value in a.items():
                kept[-1][key] = kept[-1][key] if kept[-1][key] is not None else value
            continue
        kept.append(a)
    return kept
