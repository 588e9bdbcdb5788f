"""One humanoid body, with our own numbers, under the bone names of any scheme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from backend.motion.rest_rig import RestRig

FINGERS = ("thumb", "index", "middle", "ring", "pinky")
SIDES = ("left", "right")


@dataclass(frozen=True)
class Scheme:
    """Names of a naming scheme. ``limbs``: part -> its bones, "{}" for the side's word; several: a split limb.

    ``finger``: (finger 0..4, bone 1..3, side's word) -> name. ``palm``: the same for bones before the knuckles.
    ``twists``: (name, part): leaf bones spread over the part's segment. ``legs_on``, ``arms_on``: bone that they hang
    on (None: the pelvis, the last bone of the spine). ``before_hip``: a bone from the pelvis to the hip joint.
    ``leaves``: bones (name, parent) that are no part of the body. ``loose``: limbs have no parent.
    """

    name: str
    sides: tuple[str, str]
    pelvis: str
    spine: tuple[str, ...]
    neck: tuple[str, ...]
    head: str
    limbs: dict[str, tuple[str, ...]]
    above: tuple[str, ...] = ()
    root: str | None = None
    finger: Callable[[int, int, str], str] | None = None
    palm: Callable[[int, str], str] | None = None
    twists: tuple[tuple[str, str], ...] = ()
    legs_on: str | None = None
    arms_on: str | None = None
    before_hip: str | None = None
    leaves: tuple[tuple[str, str], ...] = ()
    loose: bool = False


@dataclass
class Built:
    """``truth``: slot -> bones; ``twists``: slot -> leaf twist bones."""

    bones: dict[str, tuple[str | None, np.ndarray, np.ndarray]] = field(default_factory=dict)
    truth: dict[str, tuple[str, ...]] = field(default_factory=dict)
    twists: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, name: str, parent: str | None, head, tail) -> str:
        assert name not in self.bones and (parent is None or parent in self.bones), (name, parent)
        self.bones[name] = (parent, np.array(head, float), np.array(tail, float))
        return name

    def chain(self, names, parent: str | None, start, end) -> str | None:
        """Bones one after the other from ``start`` to ``end``; the last one."""
        points = np.linspace(start, end, len(names) + 1)
        for name, head, tail in zip(names, points, points[1:]):
            parent = self.add(name, parent, head, tail)
        return parent

    def rig(self, rename=None, turn=None, scale: float = 1.0, **more) -> RestRig:
        """``rename``: name -> name; ``turn`` (3, 3): the armature's axes."""
        index = {name: i for i, name in enumerate(self.bones)}
        turn = np.eye(3) if turn is None else turn
        parents = tuple(-1 if p is None else index[p] for p, _, _ in self.bones.values())
        heads, tails = (np.array([b[k] for b in self.bones.values()]) @ turn.T * scale for k in (1, 2))
        names = tuple(n if rename is None else rename(n) for n in self.bones)
        return RestRig(names, parents, heads, tails, np.ones(len(names), bool), **more)


def build(scheme: Scheme, a_pose: float = 0.0, toes: bool = True, collars: bool = True) -> Built:
    """The body in metres, Z up, facing -Y; ``a_pose``: degrees that the arms hang down."""
    out = Built()
    top = None
    for k, name in enumerate(scheme.above):
        at = np.array([0.0, 0.0, 0.0 if k == 0 else 0.95])
        top = out.add(name, top, at, at + [0, 0.1, 0])
    out.add(scheme.pelvis, top, (0, 0.01, 0.96), (0, 0.01, 1.04))
    out.truth["pelvis"] = (scheme.pelvis,)
    chest = out.chain(scheme.spine, scheme.pelvis, (0, 0.01, 1.05), (0, 0.02, 1.47)) or scheme.pelvis
    neck = out.chain(scheme.neck, chest, (0, 0.02, 1.47), (0, 0.0, 1.58)) or chest
    out.add(scheme.head, neck, (0, 0, 1.58), (0, 0, 1.79))
    out.truth |= {"neck": scheme.neck, "head": (scheme.head,)}
    for sign, side, word in ((1.0, "left", scheme.sides[0]), (-1.0, "right", scheme.sides[1])):
        _leg(out, scheme, sign, side, word, toes)
        _arm(out, scheme, sign, side, word, np.deg2rad(a_pose), collars)
    for name, parent in scheme.leaves:
        for word in scheme.sides if "{}" in name else ("",):
            _, head, tail = out.bones[parent.format(word)]
            out.add(name.format(word), parent.format(word), tail, tail + 0.1 * (tail - head))
    out.truth = {slot: bones for slot, bones in out.truth.items() if bones}
    return out


def _segment(out: Built, scheme: Scheme, part: str, side: str, word: str, parent, start, end) -> str | None:
    names = tuple(n.format(word) for n in scheme.limbs.get(part, ()))
    last = out.chain(names, parent, start, end)
    out.truth[f"{side}_{part}"] = names
    twists = [t.format(word) for t, where in scheme.twists if where == part]
    for k, name in enumerate(twists):
        at = np.asarray(start) + (np.asarray(end) - start) * (k + 0.5) / len(twists)
        out.add(name, names[0], at, at + 0.1 * (np.asarray(end) - start))
        out.twists[f"{side}_{part}"] = tuple(twists)
    return last


def _leg(out: Built, scheme: Scheme, sign: float, side: str, word: str, toes: bool) -> None:
    hip, knee, ankle, ball, tip = np.array(
        [(0.095, 0.01, 0.93), (0.1, -0.012, 0.5), (0.105, 0.02, 0.09), (0.11, -0.1, 0.02), (0.11, -0.17, 0.02)]
    ) * [sign, 1, 1]
    parent = scheme.legs_on or scheme.pelvis
    if scheme.before_hip:
        parent = out.add(scheme.before_hip.format(word), parent, (0, 0.01, 0.95), hip)
    parent = None if scheme.loose else parent
    parent = _segment(out, scheme, "hip", side, word, parent, hip, knee)
    parent = _segment(out, scheme, "knee", side, word, parent, knee, ankle)
    parent = _segment(out, scheme, "ankle", side, word, parent, ankle, ball)
    if toes:
        _segment(out, scheme, "foot", side, word, parent, ball, tip)


def _arm(out: Built, scheme: Scheme, sign: float, side: str, word: str, down: float, collars: bool) -> None:
    along, palm = np.array([sign * np.cos(down), 0, -np.sin(down)]), np.array([0, -1.0, 0])
    shoulder = np.array([sign * 0.17, 0.02, 1.43])
    elbow = shoulder + 0.28 * along + [0, 0.01, 0]
    wrist = elbow + 0.25 * along - [0, 0.01, 0]
    parent = scheme.arms_on or (scheme.spine[-1] if scheme.spine else scheme.pelvis)
    if collars:
        parent = _segment(out, scheme, "collar", side, word, parent, (sign * 0.02, 0.01, 1.42), shoulder) or parent
    parent = None if scheme.loose else parent
    parent = _segment(out, scheme, "shoulder", side, word, parent, shoulder, elbow)
    parent = _segment(out, scheme, "elbow", side, word, parent, elbow, wrist)
    hand = _segment(out, scheme, "wrist", side, word, parent, wrist, wrist + 0.09 * along)
    for f, finger in enumerate(FINGERS if scheme.finger else ()):
        if f == 0:
            base, ahead, step = wrist + 0.03 * along + 0.03 * palm, 0.7 * along + 0.7 * palm, 0.03
        else:
            base, ahead, step = wrist + 0.09 * along + (2.5 - f) * 0.022 * palm, along, 0.035 - 0.004 * abs(f - 2)
        over = None if scheme.loose else hand
        if scheme.palm and f:
            over = out.add(scheme.palm(f, word), over, wrist + 0.02 * along + (2.5 - f) * 0.01 * palm, base)
        names = tuple(scheme.finger(f, k, word) for k in (1, 2, 3))
        out.chain(names, over, base, base + 3 * step * ahead)
        out.truth |= {f"{side}_{finger}{k}": (name,) for k, name in enumerate(names, start=1)}
