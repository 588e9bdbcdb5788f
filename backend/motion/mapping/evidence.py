"""What the rig itself says of each bone: by its name, or by a humanoid table that the file brought."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..rest_rig import RestRig
from .names import Name, take_apart
from .vocabulary import (
    ASIDE,
    FINGER_LABELS,
    FINGERS,
    LABELS,
    LAYERS,
    MODIFIERS,
    NUMBERED,
    PARTS,
    PHALANGES,
    RIGIFY_SPINE,
    TWISTS,
)

_AROUND_FINGERS = frozenset(("hand", "finger", "fingers", "f"))


@dataclass(frozen=True)
class Evidence:
    """``kind``: "body", "twist", "aside" (no part of the body, or a helper) or "unknown". ``said``: words of a why.

    ``parts``: part -> how well the name fits it (empty: the name says nothing). ``finger``: name and number of the
    phalanx (METACARPAL, or None = not said). ``layer``: "def", "org", "fk" or "" (see vocabulary.LAYERS). ``joined``:
    the name's words without side and numbers.
    """

    kind: str
    said: str
    side: str | None = None
    parts: dict[str, float] = field(default_factory=dict)
    finger: tuple[str, int | None] | None = None
    layer: str = ""
    joined: str = ""

    def fits(self, part: str) -> float:
        """How well the name fits ``part``: 0..1, 0 when it says nothing, -1 when it says something else."""
        if self.parts:
            return self.parts.get(part, -1.0)
        return -1.0 if self.finger else 0.0

    def means(self, part: str) -> bool:
        """Whether ``part`` is what the name fits best."""
        return bool(self.parts) and self.parts.get(part, 0.0) == max(self.parts.values())


def read(rig: RestRig) -> list[Evidence]:
    """One Evidence per bone."""
    return [
        _labelled(rig.labels[bone], name) if rig.labels.get(bone) in _TABLE else _named(bone, name)
        for bone, name in zip(rig.names, take_apart(rig.names))
    ]


_TABLE = LABELS.keys() | FINGER_LABELS.keys()


def _labelled(label: str, name: Name) -> Evidence:
    said = f"the rig's own humanoid table calls it {label}"
    if label in FINGER_LABELS:
        side, finger, number = FINGER_LABELS[label]
        return Evidence("body", said, side, finger=(finger, number), joined=name.joined)
    part, side = LABELS[label]
    return Evidence("body", said, side, {part: 1.0}, joined=name.joined)


def _named(bone: str, name: Name) -> Evidence:
    said = f"named '{bone}'"
    layer = next((LAYERS[w] for w in name.words if w in LAYERS), "")
    words = tuple(w for w in name.words if w not in LAYERS)
    if ASIDE.intersection(words) or "".join(words) in ASIDE:
        return Evidence("aside", said, name.side, layer=layer, joined=name.joined)
    twist = bool(TWISTS.intersection(words))
    words = tuple(w for w in words if w not in TWISTS)
    finger = _finger(words, name.digits)
    if finger:
        return Evidence("body", said, name.side, finger=finger, layer=layer, joined=name.joined)
    parts = _parts(words, name.side)
    if layer in ("def", "org") and words == ("spine",):
        parts = RIGIFY_SPINE
    kind = "twist" if twist else "body" if parts else "unknown"
    return Evidence(kind, said, name.side, parts, layer=layer, joined=name.joined)


def _parts(words: tuple[str, ...], side: str | None) -> dict[str, float]:
    bare = tuple(w for w in words if w not in MODIFIERS)
    return _of_side(PARTS.get("".join(words)) or PARTS.get("".join(bare), {}), side)


def _of_side(parts: dict[str, float], side: str | None) -> dict[str, float]:
    """Hips and the trunk have no side: a "pelvis.L" is a bone beside the pelvis."""
    if side is None:
        return {p: s for p, s in parts.items() if p != "hip"} or parts
    return {p: s for p, s in parts.items() if p not in ("pelvis", "spine", "neck", "head")}


def _finger(words: tuple[str, ...], digits: tuple[str, ...]) -> tuple[str, int | None] | None:
    named = [FINGERS[w] for w in words if w in FINGERS] or [f for w in words for f in [_inside(w)] if f]
    phalanx = next((PHALANGES[w] for w in words if w in PHALANGES), None)
    rest = [w for w in words if w not in FINGERS and w not in PHALANGES and w not in _AROUND_FINGERS and not _inside(w)]
    if named and not rest and "toe" not in words:
        number = int(digits[-1]) if digits and len(digits[-1]) < 4 else None
        return named[0], number if phalanx is None else phalanx
    if words == ("finger",) and digits:
        return _numbered(digits)
    return None


def _inside(word: str) -> str | None:
    """The finger in a word without a seam: "handindex", "indexfinger", "indexmetacarpal"."""
    for finger, known in FINGERS.items():
        if word in ("hand" + finger, finger + "finger", "finger" + finger, finger + "metacarpal"):
            return known
    return None


def _numbered(digits: tuple[str, ...]) -> tuple[str, int | None] | None:
    """MakeHuman counts "finger1-1" from the thumb, 3ds Max Biped counts "Finger0", "Finger01", "Finger02"."""
    if len(digits) == 2 and digits[0] in "12345":
        return NUMBERED[int(digits[0]) - 1], int(digits[1])
    if len(digits) == 1 and len(digits[0]) in (1, 2) and digits[0][0] in "01234":
        return NUMBERED[int(digits[0][0])], int(digits[0][1:] or 0) + 1
    return None
