"""Which limb is the left one: by the names, by where the body looks, and whether the two agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .pairs import side_named
from .tree import Tree

Parts = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Sides:
    """``order``: for legs and arms, the index of the left one. ``by``: "names", "shape" (feet show where the body
    looks) or "axes" (nothing tells). ``opposed``: names and shape contradict each other."""

    order: tuple[int, int]
    by: str
    opposed: bool


def find(tree: Tree, legs: list[Parts], arms: list[Parts], toes: list[int | None]) -> Sides:
    """``toes``: per leg the ball joint, or None."""
    ankles = [tree.heads[leg["ankle"][0]] for leg in legs]
    hips = [tree.heads[leg["hip"][0]] for leg in legs]
    shoulders = [tree.heads[arm["shoulder"][0]] for arm in arms]
    up = _unit(np.mean(shoulders, axis=0) - np.mean(ankles, axis=0))
    ahead = _forward(tree, legs, arms, toes, up)
    across = np.array([1.0, 0.0, 0.0]) if ahead is None else np.cross(up, ahead)
    seen = [int((pair[1] - pair[0]) @ across > 0) for pair in (np.add(hips, ankles), _ends(tree, arms))]
    told = [_told(tree, limbs) for limbs in (legs, arms)]
    known = [t for t in told if t is not None]
    if not known:
        return Sides((seen[0], seen[1]), "axes" if ahead is None else "shape", False)
    agree = [t == s for t, s in zip(told, seen) if t is not None]
    opposed = ahead is not None and not all(agree)
    # a pair whose names are silent is on the side where the other one's names put it
    order = [t if t is not None else s if agree[0] else 1 - s for t, s in zip(told, seen)]
    return Sides((order[0], order[1]), "names", opposed)


def _told(tree: Tree, limbs: list[Parts]) -> int | None:
    """Which of the two limbs the names call left."""
    sides = [side_named(tree, (n for nodes in limb.values() for n in nodes)) for limb in limbs]
    if sides[0] == sides[1]:
        return None
    return int(sides[0] == "right" or sides[1] == "left")


def _ends(tree: Tree, arms: list[Parts]) -> np.ndarray:
    return np.array([tree.heads[arm["shoulder"][0]] + tree.heads[arm["wrist"][0]] for arm in arms])


def _unit(v: np.ndarray) -> np.ndarray:
    return v / max(np.linalg.norm(v), 1e-12)


def _forward(tree: Tree, legs: list[Parts], arms: list[Parts], toes: list[int | None], up: np.ndarray):
    """Where the body looks, as its feet point; without feet, as its knees and elbows bend; None: nothing tells."""
    feet, bends, length = np.zeros(3), np.zeros(3), 0.0
    for leg, toe in zip(legs, toes):
        hip, knee, ankle = (tree.heads[leg[p][0]] for p in ("hip", "knee", "ankle"))
        tip = tree.heads[toe] if toe is not None else np.nan_to_num(tree.rig.tails[leg["ankle"][0]])
        feet += tip - ankle
        bends += knee - (hip + ankle) / 2
        length += np.linalg.norm(ankle - hip)
    for arm in arms:
        shoulder, elbow, wrist = (tree.heads[arm[p][0]] for p in ("shoulder", "elbow", "wrist"))
        bends -= elbow - (shoulder + wrist) / 2
    for direction, least in ((feet, 0.08), (bends, 0.02)):
        flat = direction - (direction @ up) * up
        if np.linalg.norm(flat) > least * length:
            return _unit(flat)
    return None
