"""Joint positions to a ``Motion`` with true local rotations, without an optimiser.

Positions give every bone's swing; its twist is solved from anatomy:

* pelvis and chest are rigid fans of bones (hips and spine; collars and neck), the spine shares what lies between them
* knees and elbows are hinges: the plane of the limb turns thigh and shin, upper arm and forearm (``twist.py``)
* a foot keeps its side along the knee's hinge; toes follow the foot
* collars and neck swing from the chest; a neck that leans aside turns about itself too, and the head follows it
* with hands the wrist is a rigid fan of knuckles whose twist the forearm shares, and the last joint of a finger bends
  with the one before it; without them nothing shows it and the hand follows the forearm

What no position shows (toes, most of the head, hands without knuckles, the turn of a forearm without them) is a guess.
Constants said to have the least error were chosen on CMU's recordings, some of them with the held-out subjects in sight
(``training.metrics.true_rotations``, docs/data.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import rotations as rot
from .kinematics import local_from_world
from .motion import Motion, as_rate
from .skeleton import FINGERS, KINDS, Skeleton, canonical
from .twist import aligned, carried

SHORTEST = 1e-3
"""metres: a shorter bone has no direction"""
SPINE = (0.4, 0.75)
"""how far spine1 and spine2 have turned from the pelvis towards the chest (least error on CMU)"""
NECK = 1.0
"""how far a neck turns about itself, radians, by the sine of its lean to a side: the head lies before its neck, so one
that turns leans, and people turn their heads more than they tilt them (least error on CMU)"""
FOREARM = 0.5
"""the share of the hand's twist that the forearm takes"""
FINGERTIP = 0.67
"""the last joint of a finger bends by this share of the one before it, as tendons have it"""
KNEE_AXES = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
"""(left and right, 3): about what the knee folds at rest"""
ELBOW_AXES = np.array([[0.0, -1.0, 0.0], [0.0, 1.0, 0.0]])
"""(left and right, 3): about what the elbow folds at rest, forwards with the palms down"""


@dataclass(frozen=True)
class Hinge:
    """How far a bend is trusted. Its weight is s**2 / (s + sure), s its sine squared: noise, carrying angle and
    overstretch weigh next to nothing. Axes are smoothed over ``seconds`` divided by the square root of the weight;
    ``usual`` is the weight of the usual axis, which gives way to a bend that shows more."""

    seconds: float
    sure: float
    usual: float


KNEE = Hinge(seconds=0.004, sure=0.03, usual=0.003)
ELBOW = Hinge(seconds=0.035, sure=0.01, usual=0.001)
FOOT_SECONDS = 0.01
"""as ``Hinge.seconds``, of the side of a foot"""


def solve(positions, fps, kind: str = "smpl22", rest: Skeleton | None = None) -> Motion:
    """Joint positions (T, 22 or 52, 3), world metres, Y up -> Motion on the skeleton that ``measure`` finds in them.

    ``rest``: a skeleton of this kind whose bones lie at rest as these bodies' do; the canonical one without it.
    ValueError for another shape, and with the joint's name for NaN and for a bone without length.
    """
    points, rate = _checked(positions, kind), as_rate(fps)
    skeleton = measure(points, kind, rest)
    world = _Body(points, skeleton, float(rate)).solve()
    return Motion(skeleton, points[:, 0], rot.continuous(local_from_world(skeleton, world)), rate)


def measure(positions, kind: str = "smpl22", rest: Skeleton | None = None) -> Skeleton:
    """The skeleton of joint positions (T, J, 3): median bone lengths along the directions of ``rest`` (canonical);
    where bones fan out from one joint, the shape they really have, turned to lie as nearly as it can in ``rest``."""
    positions = _checked(positions, kind)
    rest = canonical(kind) if rest is None else rest
    if rest.kind != kind:
        raise ValueError(f"the rest skeleton must be of kind {kind!r} as the positions are, got {rest.kind!r}")
    names, parents = KINDS[kind]
    bones = positions[:, 1:] - positions[:, list(parents[1:])]
    lengths = np.median(np.sqrt(np.einsum("tji,tji->tj", bones, bones)), axis=0)
    if (lengths < SHORTEST).any():
        raise ValueError(f"the bone to {names[1 + int(np.argmin(lengths))]} has no length")
    at_rest = rot.normalize(rest.offsets)
    offsets = at_rest * np.concatenate([[0.0], lengths])[:, None]
    for name, children in _fans(kind).items():
        index = [names.index(c) for c in children]
        fan = positions[:, index] - positions[:, [names.index(name)]]
        shape = np.median(rot.rotate(rot.inverse(_fan_frame(fan))[:, None], fan), axis=0)
        offsets[index] = shape @ _fit(rot.normalize(shape), at_rest[index])
    return Skeleton(kind, names, parents, offsets)


def _checked(positions, kind: str) -> np.ndarray:
    if kind not in KINDS:
        raise ValueError(f"unknown skeleton kind {kind!r}; known: {', '.join(KINDS)}")
    names = KINDS[kind][0]
    points = np.asarray(positions, dtype=np.float64)
    if points.ndim != 3 or points.shape[1:] != (len(names), 3) or len(points) < 1:
        raise ValueError(f"positions of {kind} must be (T, {len(names)}, 3) with T >= 1, got {points.shape}")
    finite = np.isfinite(points).all(axis=2)
    if not finite.all():
        at, joint = np.argwhere(~finite)[0]
        raise ValueError(f"the position of {names[joint]} in frame {at} is not a finite number")
    return points


def _fans(kind: str) -> dict[str, tuple[str, ...]]:
    """Joints whose several bones form one rigid shape: the two bones that span it sideways, then those along it."""
    fans = {"pelvis": ("left_hip", "right_hip", "spine1"), "spine3": ("left_collar", "right_collar", "neck")}
    if kind == "smplx52":
        for side in ("left", "right"):
            fans[f"{side}_wrist"] = tuple(f"{side}_{f}1" for f in ("index", "pinky", "middle", "ring", "thumb"))
    return fans


def _fan_frame(bones) -> np.ndarray:
    """Frame (..., 4) of a fan's bones (..., n, 3)."""
    return rot.frame(bones[..., 2, :], bones[..., 0, :] - bones[..., 1, :])


def _fit(shape, target) -> np.ndarray:
    """(3, 3) rotation that brings the rows of ``shape`` (n, 3) nearest to ``target`` when multiplied from the right."""
    u, _, v = np.linalg.svd(shape.T @ target)
    return u @ np.diag([1.0, 1.0, np.linalg.det(u @ v)]) @ v


def _pair(part: str) -> tuple[str, str]:
    return f"left_{part}", f"right_{part}"


class _Body:
    """World rotations of one clip (T, J, 4), from the pelvis outwards, left and right together."""

    def __init__(self, points: np.ndarray, skeleton: Skeleton, fps: float):
        self.points, self.skeleton, self.fps = points, skeleton, fps
        self.world = np.empty(points.shape[:2] + (4,))
        self.rest = rot.normalize(skeleton.offsets)
        self.index = {name: j for j, name in enumerate(skeleton.names)}

    def solve(self) -> np.ndarray:
        for name, children in _fans(self.skeleton.kind).items():
            at = self.of(children)
            now = _fan_frame(self.points[:, at] - self.points[:, self.of((name,))])
            self.world[:, self.index[name]] = rot.multiply(now, rot.inverse(_fan_frame(self.skeleton.offsets[at])))
        self.spine()
        self.legs()
        self.arms()
        return self.world

    def of(self, names) -> list[int]:
        return [self.index[name] for name in names]

    def bone(self, start, end) -> np.ndarray:
        """Unit directions (T, N, 3) from the joints ``start`` to the joints ``end``."""
        return rot.normalize(self.points[:, self.of(end)] - self.points[:, self.of(start)])

    def swing(self, joints, ends, start) -> None:
        """``joints`` are turned as ``start`` (T, N, 4), swung the short way to where their ``ends`` are."""
        self.world[:, self.of(joints)] = aligned(start, self.rest[self.of(ends)], self.bone(joints, ends))

    def turn(self, joints, ends, axes, rest_axes) -> None:
        """``joints`` point to their ``ends`` with what is ``rest_axes`` (N, 3) at rest along ``axes`` (T, N, 3)."""
        at_rest = rot.frame(self.rest[self.of(ends)], rest_axes)
        self.world[:, self.of(joints)] = rot.multiply(rot.frame(self.bone(joints, ends), axes), rot.inverse(at_rest))

    def spine(self) -> None:
        world, of = self.world, self.of
        pelvis, chest = world[:, of(["pelvis"])], world[:, of(["spine3"])]
        self.swing(("spine1", "spine2"), ("spine2", "spine3"), rot.slerp(pelvis, chest, np.array(SPINE)))
        self.swing(("neck",), ("head",), chest)
        aside = np.einsum(
            "...i,...i->...", self.bone(("neck",), ("head",)), rot.rotate(chest, np.array([1.0, 0.0, 0.0]))
        )
        turn = rot.from_axis_angle(self.rest[of(["head"])], NECK * aside)
        world[:, of(["neck"])] = rot.multiply(world[:, of(["neck"])], turn)
        world[:, of(["head"])] = world[:, of(["neck"])]

    def legs(self) -> None:
        hips, knees, ankles, feet = (_pair(n) for n in ("hip", "knee", "ankle", "foot"))
        pelvis = np.repeat(self.world[:, self.of(["pelvis"])], 2, axis=1)
        swung = aligned(pelvis, self.rest[self.of(knees)], self.bone(hips, knees))
        # a straight leg is turned half as the pelvis has it, half as its foot has it
        usual = rot.rotate(swung, KNEE_AXES) + rot.cross(self.bone(ankles, feet), self.bone(knees, ankles))
        axes = self.hinge(pelvis, hips, knees, ankles, usual, KNEE.usual, KNEE)
        self.turn(hips, knees, axes, KNEE_AXES)
        self.turn(knees, ankles, axes, KNEE_AXES)
        # a foot turned to lie along the hinge's axis is not told its side by it: its side is carried there too
        shin = self.world[:, self.of(knees)]
        foot = rot.rotate(rot.inverse(shin), self.bone(ankles, feet))
        across = 1.0 - np.einsum("...i,...i->...", foot, KNEE_AXES) ** 2
        sides = np.broadcast_to(KNEE_AXES, foot.shape)
        sides = carried(foot, sides, across**2, sides, 0.0, (FOOT_SECONDS * self.fps) ** 2)
        self.turn(ankles, feet, rot.rotate(shin, sides), KNEE_AXES)
        self.world[:, self.of(feet)] = self.world[:, self.of(ankles)]

    def arms(self) -> None:
        collars, shoulders, elbows, wrists = (_pair(n) for n in ("collar", "shoulder", "elbow", "wrist"))
        chest = np.repeat(self.world[:, self.of(["spine3"])], 2, axis=1)
        self.swing(collars, shoulders, chest)
        collar, rest, upper = self.world[:, self.of(collars)], self.rest[self.of(elbows)], self.bone(shoulders, elbows)
        usual = rot.rotate(aligned(collar, rest, upper), ELBOW_AXES)
        # an arm right across the body can be swung there on any side: the nearer to that, the less is usual
        trust = ELBOW.usual * (1.0 + np.einsum("...i,...i->...", rot.rotate(collar, rest), upper)) / 2.0
        axes = self.hinge(chest, shoulders, elbows, wrists, usual, trust, ELBOW)
        self.turn(shoulders, elbows, axes, ELBOW_AXES)
        self.turn(elbows, wrists, axes, ELBOW_AXES)
        if self.skeleton.kind == "smplx52":
            self.forearms(elbows, wrists)
            self.fingers()
        else:
            self.world[:, self.of(wrists)] = self.world[:, self.of(elbows)]

    def hinge(self, base, first, middle, last, usual, trust, settings: Hinge) -> np.ndarray:
        """World axes (T, 2, 3) of two hinges; all is carried in the frame of ``base`` (T, 2, 4), which may turn."""
        back = rot.inverse(base)
        bone = self.bone(first, middle)
        axis = rot.cross(bone, self.bone(middle, last))
        shown = np.einsum("...i,...i->...", axis, axis)
        weight = shown**2 / (shown + settings.sure)
        trust = trust / (1.0 + (weight / settings.usual) ** 2)
        axis, usual, bone = (rot.rotate(back, v) for v in (axis, usual, bone))
        return rot.rotate(base, carried(bone, axis, weight, usual, trust, (settings.seconds * self.fps) ** 2))

    def forearms(self, elbows, wrists) -> None:
        """The forearm takes its share of the hand's twist, over any number of half turns."""
        elbow, hand, bone = self.world[:, self.of(elbows)], self.world[:, self.of(wrists)], self.rest[self.of(wrists)]
        _, twist = rot.swing_twist(rot.multiply(rot.inverse(elbow), hand), bone)
        angle = np.unwrap(2.0 * np.arctan2(np.einsum("...i,...i->...", twist[..., 1:], bone), twist[..., 0]), axis=0)
        angle -= 2.0 * np.pi * np.round(np.mean(angle, axis=0) / (2.0 * np.pi))
        self.world[:, self.of(elbows)] = rot.multiply(elbow, rot.from_axis_angle(bone, FOREARM * angle))

    def fingers(self) -> None:
        fingers = [f"{side}_{finger}" for side in ("left", "right") for finger in FINGERS]
        one, two, three = ([f + k for f in fingers] for k in "123")
        self.swing(one, two, np.repeat(self.world[:, self.of(_pair("wrist"))], len(FINGERS), axis=1))
        self.swing(two, three, self.world[:, self.of(one)])
        before, here = self.world[:, self.of(one)], self.world[:, self.of(two)]
        bend = rot.multiply(rot.inverse(before), here)
        self.world[:, self.of(three)] = rot.multiply(here, rot.slerp(rot.IDENTITY, bend, np.array(FINGERTIP)))
