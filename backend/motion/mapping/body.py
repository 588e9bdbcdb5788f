"""Where a body is in a tree of bones: its legs and its arms, and whether there is another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import rotations as rot
from ..skeleton import ARM, LEG
from .pairs import Pair, limb_pairs
from .tree import Tree

_SECOND = 0.15
"""length of a second body's legs over the first's from which on it is another character: an infant, but no face"""
_RIVAL = 0.7
"""length of another pair over that of the best from which on it is a rival"""


@dataclass(frozen=True)
class Body:
    """``rivals``: limbs ("legs", "arms") of which another pair of branches would do as well."""

    legs: Pair
    arms: Pair
    score: float
    rivals: tuple[str, ...] = ()


def find(tree: Tree) -> Body | None:
    """The pair of legs and the pair of arms that make the best body, or None."""
    legs, arms = limb_pairs(tree, LEG), limb_pairs(tree, ARM)
    candidates = [Body(a, b, _score(tree, a, b)) for a in legs for b in arms if _apart(tree, a, b)]
    if not candidates:
        return None
    best = max(candidates, key=lambda b: b.score)
    return Body(best.legs, best.arms, best.score, tuple(_rivals(best, candidates)))


def second(tree: Tree, body: Body) -> Body | None:
    """Another character in the same armature, or None; a copy in the same place (a layer of controls) is none."""
    middle = hub(tree, body)
    taken = {*tree.below(middle), *tree.above(middle)}  # what both stand on would make a child look small
    taken.update(n for way in body.legs.ways + body.arms.ways for n in way)
    rest = tree.without(taken)
    other = find(rest) if len(rest.nodes) > len(body.legs.ways[0]) * 2 else None
    if other is None or other.legs.length < _SECOND * body.legs.length:
        return None
    ends = [
        np.array([tree.heads[way[-1]] for pair in (b.legs, b.arms) for way in pair.ways]).mean(axis=0)
        for b in (body, other)
    ]
    return other if np.linalg.norm(ends[0] - ends[1]) > 0.1 * body.legs.length else None


def hub(tree: Tree, body: Body) -> int:
    """The lowest bone that carries both the legs and the arms."""
    over = set(tree.above(body.arms.top))
    return next(n for n in tree.above(body.legs.top) if n in over)


def _apart(tree: Tree, legs: Pair, arms: Pair) -> bool:
    """Whether the pairs are different limbs of one connected body."""
    firsts = {way[0] for way in legs.ways + arms.ways}
    if len(firsts) < 4:
        return False
    up_legs, up_arms = tree.above(legs.top), tree.above(arms.top)
    inside = firsts.intersection(up_legs) or firsts.intersection(up_arms)
    return not inside and up_legs[-1] == up_arms[-1]


def _directions(tree: Tree, legs: Pair, arms: Pair) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors of the trunk (legs to arms) and of the legs on average."""
    hips, shoulders, feet = (
        tree.heads[[way[k] for way in pair.ways]].mean(axis=0) for pair, k in ((legs, 0), (arms, 0), (legs, -1))
    )
    return rot.normalize(shoulders - hips), rot.normalize(feet - hips)


def _score(tree: Tree, legs: Pair, arms: Pair) -> float:
    trunk, down = _directions(tree, legs, arms)
    lengths = legs.length + 0.7 * min(arms.length, legs.length)  # what is longer than the legs is a cape or a wing
    score = 2.0 * (legs.known + arms.known) + lengths / tree.size - 0.7 * float(trunk @ down) + 0.4 * arms.hands
    across = [rot.normalize(tree.heads[pair.ways[0][-1]] - tree.heads[pair.ways[1][-1]]) for pair in (legs, arms)]
    score += 0.3 * abs(float(across[0] @ across[1]))
    if legs.top in tree.above(arms.top):
        score += 0.3
    elif arms.top in tree.above(legs.top):
        score -= 0.3
    return score


def _rivals(best: Body, candidates: list[Body]) -> list[str]:
    """A pair that names do not tell from another nearly as long one on the same body is a guess."""
    out = []
    for limb, other in (("legs", "arms"), ("arms", "legs")):
        mine, rest = getattr(best, limb), getattr(best, other)
        for c in candidates:
            its = getattr(c, limb)
            unnamed = getattr(c, other) is rest and its.known == mine.known == 0
            elsewhere = set(its.ways[0]).isdisjoint(mine.ways[0] + mine.ways[1])
            if unnamed and elsewhere and its.length > _RIVAL * mine.length:
                out.append(limb)
                break
    return out
