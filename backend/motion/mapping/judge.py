"""How surely each slot's bones are right: names and shape check each other, and a contradiction costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..skeleton import ARM, FINGERS, LEG
from .evidence import Evidence
from .extras import part_of
from .mapping import Guess
from .slots import Found

TOLD = 0.95
BY_PLACE = 0.6
RIVALLED = 0.4
OPPOSED = 0.3
"""confidence where names and place agree; where only the place tells; where another branch would do as well; where the
names say something else"""


def guesses(found: Found, evidence: Sequence[Evidence], names: Sequence[str]) -> dict[str, Guess]:
    """Slot -> Guess for every slot of ``found``."""
    out = {slot: _guess(found, evidence, names, slot) for slot in found.slots}
    trunk = [slot for slot in out if slot == "pelvis" or slot.startswith("spine")]
    least = min((out[slot] for slot in trunk), key=lambda guess: guess.confidence)
    for slot in trunk[1:]:  # which bone is in which slot hangs on the whole chain and on where it begins
        _lower(out, slot, least)
    for side in ("left_", "right_"):
        for parts in (ARM, LEG):
            for before, after in zip(parts, parts[1:]):  # an unknown bone more may be the next part's first
                guess = out.get(side + before)
                if guess and len(guess.bones) > 1 and side + after in out:
                    _lower(out, side + after, guess)
    return out


def _lower(out: dict[str, Guess], slot: str, other: Guess) -> None:
    """No slot of a chain is surer than the ``other`` that it hangs on."""
    if other.confidence < out[slot].confidence:
        why = f"{out[slot].why}; {', '.join(other.bones)} before it is less sure"
        out[slot] = replace(out[slot], confidence=other.confidence, why=why)


def _guess(found: Found, evidence: Sequence[Evidence], names: Sequence[str], slot: str) -> Guess:
    nodes = found.slots[slot]
    confidence, why = min((_bone(found, evidence, slot, n) for n in nodes), key=lambda judged: judged[0])
    reasons = [why]
    if found.special.get(slot):
        confidence = min(confidence, 0.85)
        reasons.append(found.special[slot])
    if slot.startswith(("left_", "right_")):
        confidence, reasons = _side(found, [evidence[n] for n in nodes], slot, confidence, reasons)
    return Guess(slot, tuple(names[n] for n in nodes), round(confidence, 2), "; ".join(reasons))


def _bone(found: Found, evidence: Sequence[Evidence], slot: str, node: int) -> tuple[float, str]:
    """Confidence and reason of one bone, sides aside."""
    e, part = evidence[node], part_of(slot)
    if part[:-1] in FINGERS:
        fit = _finger(found, evidence, slot, node)
    else:
        fit = e.fits("spine" if part.startswith("spine") else part)
    if fit > 0 and _first_meaning_elsewhere(found, evidence, slot, node):
        return round(BY_PLACE + (TOLD - BY_PLACE) * fit, 2), e.said
    if fit > 0:
        return BY_PLACE, f"{e.said}, which may mean something else"
    if fit < 0:
        return OPPOSED, f"{_place(found, slot, node)}, but {e.said}"
    limb = "legs" if part in LEG else "arms"
    if limb in found.body.rivals and part in LEG + ARM:
        return RIVALLED, f"{_place(found, slot, node)}; other branches look alike"
    return BY_PLACE, _place(found, slot, node)


def _first_meaning_elsewhere(found: Found, evidence: Sequence[Evidence], slot: str, node: int) -> bool:
    """Whether a second meaning is sure: a "shoulder" is an upper arm when another bone is called the collar."""
    e, part = evidence[node], part_of(slot).rstrip("123")
    if not e.parts or e.means(part):
        return True
    first = max(e.parts, key=e.parts.get)
    slots = [s for s in found.slots if s.removesuffix(part_of(s)) == slot.removesuffix(part_of(slot))]
    others = [n for s in slots if part_of(s).rstrip("123") == first for n in found.slots[s]]
    return any(evidence[n].means(first) for n in others)


def _finger(found: Found, evidence: Sequence[Evidence], slot: str, node: int) -> float:
    """How well a name fits a finger's joint: -1 for another part, little for another number."""
    told, finger, number = evidence[node].finger, part_of(slot)[:-1], int(slot[-1])
    if told is None:
        return -1.0 if evidence[node].parts else 0.0
    if told[0] != finger:
        return -1.0
    first = evidence[found.slots[slot[:-1] + "1"][0]].finger
    counts_from_0 = first is not None and first[1] == 0
    return 1.0 if finger == "thumb" or told[1] in (None, number - counts_from_0) else 0.2


def _place(found: Found, slot: str, node: int) -> str:
    """Where the bone is, for a slot that no name tells."""
    part = part_of(slot)
    if part == "pelvis":
        return "it carries two legs and a spine"
    if part.startswith("spine"):
        chain, where = found.trunk.spine, "spine, counted from the pelvis"
    elif part in ("neck", "head"):
        chain, where = (*found.trunk.neck, *found.slots.get("head", ())), "way up from the arms to the head"
    elif part in ARM or part in LEG:
        pair, where = (found.body.arms, "arm") if part in ARM else (found.body.legs, "leg")
        chain = next((way for way in pair.ways if node in way), ())
    else:
        return f"joint {slot[-1]} of the finger that lies where the {part[:-1]} does"
    return f"bone {chain.index(node) + 1} of {len(chain)} of the {where}" if node in chain else "where toes begin"


def _side(found: Found, told: list[Evidence], slot: str, confidence: float, reasons: list[str]):
    side = slot.split("_")[0]
    named = {e.side for e in told} - {None}
    if found.sides.opposed:
        return min(confidence, 0.5), [*reasons, "left and right as named, but the feet point the other way"]
    if named and named != {side}:
        return OPPOSED, [*reasons, "its name says the other side"]
    if not named and found.sides.by == "shape":
        return min(confidence, 0.7), [*reasons, "left and right as the feet point"]
    if not named and found.sides.by == "axes":
        return min(confidence, RIVALLED), [*reasons, "nothing tells left from right"]
    return confidence, reasons
