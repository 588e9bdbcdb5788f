"""Pairs of limbs: two branches of one bone that mirror each other, by shape or by name."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .tree import Tree

_SHORTEST = 0.12
"""length of a limb over the size of the rig"""
_LIKE = 0.75
"""least ratio of the lengths of two limbs of a pair"""
_MIRRORED = 0.25
"""largest deviation from a mirror image, in lengths of the limb"""
_BARE = (0.6, 0.4)
"""over this share of its length, a limb has no side branch longer than this share of it"""
_SAMPLES = np.linspace(0.0, 1.0, 6)


@dataclass(frozen=True)
class Pair:
    """Two ways down from ``top`` (itself left out). ``known``: share of the limb's parts that names tell, 0..1.
    ``hands``: whether several chains hang on a bone of either way, as fingers do."""

    top: int
    ways: tuple[tuple[int, ...], tuple[int, ...]]
    length: float
    known: float
    hands: bool


def limb_pairs(tree: Tree, parts: tuple[str, ...]) -> list[Pair]:
    """Every pair that could be legs (``parts`` LEG) or arms (ARM)."""
    out = []
    for top in tree.nodes:
        branches = [c for c in tree.children[top] if tree.reach[c] + tree.links[c] > _SHORTEST * tree.size]
        ways = [way for way in (_way(tree, c, parts) for c in branches) if len(way) > 2 and _bare(tree, way)]
        pairs = (_pair(tree, top, a, b, parts) for a, b in combinations(ways, 2))
        out.extend(pair for pair in pairs if pair is not None)
    return out


def _way(tree: Tree, branch: int, parts: tuple[str, ...]) -> tuple[int, ...]:
    """From ``branch`` past the furthest part that names tell, and on along the longest way."""
    end, furthest = branch, -1
    for n in tree.below(branch):
        rank = max((parts.index(p) for p in tree.evidence[n].parts if p in parts), default=-1)
        if rank > furthest:
            end, furthest = n, rank
    return tuple(tree.way(branch, end) + tree.longest(end)[1:])


def _lengths(tree: Tree, way: tuple[int, ...]) -> np.ndarray:
    """(len(way),) distance of each node from the first, along the way."""
    return np.cumsum([0.0] + [tree.links[n] for n in way[1:]])


def _bare(tree: Tree, way: tuple[int, ...]) -> bool:
    """Whether ``way`` is a limb by itself: long enough, and with nothing long on its upper part."""
    along = _lengths(tree, way)
    if along[-1] < _SHORTEST * tree.size:
        return False
    for node, following, at in zip(way, way[1:], along):
        if at < _BARE[0] * along[-1]:
            others = (tree.reach[c] + tree.links[c] for c in tree.children[node] if c != following)
            if max(others, default=0.0) > _BARE[1] * along[-1]:
                return False
    return True


def side_named(tree: Tree, nodes) -> str | None:
    """The side that the names of most ``nodes`` say."""
    sides = [tree.evidence[n].side for n in nodes if tree.evidence[n].side]
    return max(("left", "right"), key=sides.count) if sides else None


def _pair(tree: Tree, top: int, a: tuple[int, ...], b: tuple[int, ...], parts: tuple[str, ...]) -> Pair | None:
    known = min(_known(tree, a, parts), _known(tree, b, parts))
    sides = {side_named(tree, a), side_named(tree, b)}
    if len(sides) == 1 and None not in sides:
        return None
    lengths = _lengths(tree, a)[-1], _lengths(tree, b)[-1]
    named = known > 0 and sides == {"left", "right"}
    if not named and (min(lengths) < _LIKE * max(lengths) or not _mirrored(tree, a, b)):
        return None
    return Pair(top, (a, b), float(np.mean(lengths)), known, all(_hand(tree, way) for way in (a, b)))


def _hand(tree: Tree, way: tuple[int, ...]) -> bool:
    """Whether two or more chains hang on one bone of ``way``."""
    return any(sum(bool(tree.children[c]) for c in tree.children[n]) > 1 for n in way)


def _known(tree: Tree, way: tuple[int, ...], parts: tuple[str, ...]) -> float:
    """Share of the limb's parts that the names tell, less other parts that they tell."""
    told = {p for n in way for p in tree.evidence[n].parts}
    return len(told.intersection(parts)) / len(parts) - len(told.difference(parts)) / len(parts)


def _mirrored(tree: Tree, a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    first, second = _sampled(tree, a), _sampled(tree, b)
    across, middle = first - second, (first + second) / 2
    width = np.linalg.norm(across, axis=1)
    if width.max() < 1e-9:
        return False
    normal = across[np.argmax(width)] / width.max()
    aside = np.linalg.norm(across - (across @ normal)[:, None] * normal, axis=1)
    off = np.abs((middle - middle.mean(axis=0)) @ normal)
    return bool((aside + off).mean() < _MIRRORED * _lengths(tree, a)[-1])


def _sampled(tree: Tree, way: tuple[int, ...]) -> np.ndarray:
    """(S, 3) points at equal distances along the way."""
    along = _lengths(tree, way)
    heads = tree.heads[list(way)]
    return np.stack([np.interp(_SAMPLES * along[-1], along, heads[:, k]) for k in range(3)], axis=1)
