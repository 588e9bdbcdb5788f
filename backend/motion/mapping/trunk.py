"""The trunk's bones: pelvis, spine, neck and head, and the bone under the body that stands on the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .body import Body, hub
from .tree import Tree

_SPREAD = (0.32, 0.48)
"""where spine2 and spine3 begin on the way from spine1 to the neck, on the canonical skeleton"""
_ROOT = 0.6
"""what a name like "root" is worth: it is the pelvis of few rigs"""
_NEAR = 0.35
"""distance from between the hips, in lengths of a leg, within which a bone may be the pelvis"""
_SKULL = 1.2
"""how much longer than the last bone before it an unnamed tip is, when it is the top of the head"""


@dataclass(frozen=True)
class Trunk:
    """``carrier``: the bone that carries legs and trunk where that is not ``pelvis`` (else None)."""

    pelvis: int
    carrier: int | None
    spine: tuple[int, ...]
    neck: tuple[int, ...]
    head: int | None


def find(tree: Tree, body: Body, middle: np.ndarray, leg: float) -> Trunk:
    """``middle`` (3,): between the hip joints; ``leg``: length of a leg."""
    hips, arms = hub(tree, body), body.arms.top
    way = tree.way(hips, arms)
    pelvis, carrier, way = _pelvis(tree, hips, way, middle, leg)
    up = _to_head(tree, body, arms)
    spine, neck = list(way), []
    while spine and tree.evidence[spine[-1]].means("neck"):  # 3ds Max Biped hangs the arms on the neck
        neck.insert(0, spine.pop())
    while not neck and len(up) > 1 and tree.evidence[up[0]].means("spine") and tree.evidence[up[0]].fits("neck") < 0:
        spine.append(up.pop(0))
    head = up.pop() if up else None
    return Trunk(pelvis, carrier, tuple(spine), tuple(neck + up), head)


def _pelvis(tree: Tree, hips: int, way: list[int], middle: np.ndarray, leg: float):
    """Pelvis, carrier and the way from above the pelvis to the arms, from the lowest bone that carries all."""

    def told(n: int) -> float:
        return tree.evidence[n].fits("pelvis")

    def far(n: int) -> float:
        return float(np.linalg.norm(tree.heads[n] - middle))

    above = tree.parent[hips]
    told_above = above >= 0 and told(above) > max(told(hips), _ROOT)
    nearer = above >= 0 and told(above) == 0 and told(hips) <= 0 and far(above) < min(0.5 * far(hips), _NEAR * leg)
    if told_above or (nearer and far(hips) > 0.1 * leg):
        return above, None, way  # the legs hang on the first bone of the spine
    if len(way) > 1 and told(way[1]) > _ROOT and told(way[1]) >= told(hips):
        return way[1], hips, way[2:]
    if len(way) > 2 and far(hips) > _NEAR * leg and far(way[1]) < _NEAR * leg:
        return way[1], hips, way[2:]  # legs and trunk hang on a bone on the ground
    return hips, None, way[1:]


def _to_head(tree: Tree, body: Body, arms: int) -> list[int]:
    """The bones from above ``arms`` up to the head."""
    limbs = {way[0] for pair in (body.arms, body.legs) for way in pair.ways}
    named = [n for n in tree.below(arms) if tree.evidence[n].means("head")]
    if named:
        return tree.way(arms, named[0])[1:]
    necks = [n for n in tree.below(arms) if tree.evidence[n].means("neck")]
    if necks:
        return tree.way(arms, necks[-1])[1:] + _up(tree, necks[-1])
    branches = [c for c in tree.children[arms] if c not in limbs]
    centre = np.mean([tree.heads[way[0]] for way in body.arms.ways], axis=0)
    upward = tree.heads[arms] - tree.heads[[way[-1] for way in body.legs.ways]].mean(axis=0)
    upward = upward / max(np.linalg.norm(upward), 1e-12)
    width = np.linalg.norm(tree.heads[body.arms.ways[0][0]] - centre) + 0.05 * tree.size

    def aside(n: int) -> float:
        off = tree.heads[n] - centre
        return float(np.linalg.norm(off - (off @ upward) * upward))

    branches = [c for c in branches if aside(c) <= width and _top(tree, c) @ upward > centre @ upward]
    if not branches:
        return []
    first = max(branches, key=lambda c: _top(tree, c) @ upward - 2.0 * aside(c))
    return [first, *_up(tree, first)]


def _top(tree: Tree, node: int) -> np.ndarray:
    """The farther end of the longest way below ``node``; of a tip, its tail."""
    way = tree.longest(node)
    tail = np.nan_to_num(np.asarray(tree.rig.tails[way[-1]], float))
    return tree.heads[way[-1]] if len(way) > 1 else tail


def _up(tree: Tree, node: int) -> list[int]:
    """Unnamed bones from above ``node`` to the head: as far as there is one child; a far tip is the head's top."""
    way = []
    while len(tree.children[node]) == 1 and len(way) < 3:
        node = tree.children[node][0]
        way.append(node)
    if len(tree.children[node]) == 0 and len(way) > 1 and tree.links[way[-1]] > _SKULL * tree.links[way[-2]]:
        way.pop()
    return way


def spread(tree: Tree, spine: tuple[int, ...], neck: np.ndarray) -> dict[str, tuple[int, ...]]:
    """Slot -> bones of the spine, by where they begin on the way to ``neck`` (3,); the topmost is in spine3."""
    count = len(spine)
    if count < 4:
        slots = {0: (), 1: ("spine3",), 2: ("spine1", "spine3"), 3: ("spine1", "spine2", "spine3")}[count]
        return {slot: (bone,) for slot, bone in zip(slots, spine)}
    points = np.vstack([tree.heads[list(spine)], neck])
    along = np.cumsum([0.0, *np.linalg.norm(np.diff(points, axis=0), axis=1)])
    at = along[:-1] / max(along[-1], 1e-9)
    second = int(np.argmin(np.abs(at[1 : count - 1] - _SPREAD[0]))) + 1
    third = int(np.argmin(np.abs(at[second + 1 :] - _SPREAD[1]))) + second + 1
    return {"spine1": spine[:second], "spine2": spine[second:third], "spine3": spine[third:]}
