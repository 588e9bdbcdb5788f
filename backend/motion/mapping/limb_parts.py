"""A limb's bones divided among its parts: where shoulder, elbow and wrist (hip, knee, ankle) begin on the way.

Every choice of three bones is scored: by how well the names fit, and by the shape, where the names are silent.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ..skeleton import ARM, LEG
from .tree import Tree

_LONGEST = 14
"""bones of a limb that are looked at"""
_TURNED = np.cos(np.deg2rad(30.0))
"""cosine between shin and toes below which what follows the ankle is a foot"""
_UPPER = 0.52
"""length of thigh or upper arm over that of the limb"""


def divide(tree: Tree, ways: tuple[tuple[int, ...], ...], arm: bool) -> list[dict[str, tuple[int, ...]]]:
    """Per way: part -> its nodes, parents first; ways of the same number of bones are divided alike."""
    ways = tuple(way[:_LONGEST] for way in ways)
    if len({len(way) for way in ways}) > 1:
        return [divide(tree, (way,), arm)[0] for way in ways]
    cuts = np.array(list(combinations(range(len(ways[0])), 3)))
    scores = np.sum([_told(tree, way, cuts, arm) + _shape(tree, way, cuts, arm) for way in ways], axis=0)
    best = tuple(cuts[int(np.argmax(scores))].tolist())
    return [_parts(way, best, arm) for way in ways]


def _parts(way: tuple[int, ...], cut: tuple[int, int, int], arm: bool) -> dict[str, tuple[int, ...]]:
    a, b, c = cut
    names = ARM[1:] if arm else LEG[:3]
    parts = dict(zip(names, (way[a:b], way[b:c], way[c : c + 1])))
    if arm and a:
        parts["collar"] = way[:a]
    return parts


def _told(tree: Tree, way: tuple[int, ...], cuts: np.ndarray, arm: bool) -> np.ndarray:
    """(C,) sum over the bones of how well their names fit the parts that each of ``cuts`` (C, 3) gives them."""
    evidence = [tree.evidence[n] for n in way]
    parts = ARM if arm else ("none", *LEG[:3])
    fits = np.array([[e.fits(p) for p in parts] for e in evidence])
    # after the first bone of hand or foot come toes and fingers, or a hand below its wrist, but no other part
    after = np.array([-max(e.parts.get(p, 0.0) for p in parts[1:3]) for e in evidence])
    before, upper, lower = (np.concatenate([[0.0], np.cumsum(fits[:, k])]) for k in range(3))
    rest = np.concatenate([[0.0], np.cumsum(after)])
    a, b, c = cuts.T
    return before[a] + upper[b] - upper[a] + lower[c] - lower[b] + fits[c, 3] + rest[-1] - rest[c + 1]


def _shape(tree: Tree, way: tuple[int, ...], cuts: np.ndarray, arm: bool) -> np.ndarray:
    """(C,) how much each cut looks like a limb: two segments, about equally long, nearly straight."""
    along = np.cumsum([0.0] + [tree.links[n] for n in way[1:]])
    heads = tree.heads[list(way)]
    a, b, c = cuts.T
    length = np.maximum(along[c] - along[a], 1e-9)
    straight = np.linalg.norm(heads[c] - heads[a], axis=1) / length
    score = -2.0 * (1.0 - straight) - 1.5 * np.abs((along[b] - along[a]) / length - _UPPER)
    before, after = along[a] / length, (along[-1] - along[c]) / length
    if arm:
        fingers = np.array([sum(bool(tree.children[f]) for f in tree.children[n]) > 1 for n in way])
        score = score + 0.05 * (a > 0) - np.maximum(before - 0.5, 0.0)  # most arms hang on a collar bone
        return score - 0.2 * np.abs(after - 0.3) * (after > 0) + 0.5 * fingers[c]
    toe, shin = heads[np.minimum(c + 1, len(way) - 1)] - heads[c], heads[c] - heads[b]
    lengths = np.maximum(np.linalg.norm(toe, axis=1) * np.linalg.norm(shin, axis=1), 1e-12)
    foot = np.where((toe * shin).sum(axis=1) < _TURNED * lengths, 0.2, -0.3)
    return score - 0.5 * (before + after) + np.where(c + 1 < len(way), foot, 0.0)
