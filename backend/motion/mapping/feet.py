"""The ball of a foot: the joint that the toes turn about."""

from __future__ import annotations

import numpy as np

from .tree import Tree

_SHORTEST, _LONGEST = 0.08, 0.8
"""distance of an unnamed ball joint from the ankle, in lengths of the shin"""
_TURNED = np.cos(np.deg2rad(25.0))
_MANY = 3
"""named toes from which on there is one bone per toe"""


def ball(tree: Tree, knee: int, ankle: int) -> tuple[int | None, str]:
    """The ball joint (None: the rig has none) and what is special about it, "" when nothing is."""
    toes = [c for c in tree.children[ankle] if tree.evidence[c].fits("foot") > 0]
    if not toes:
        deeper = [n for n in tree.below(ankle)[1:] if tree.evidence[n].fits("foot") > 0]
        toes = [c for c in deeper if tree.parent[c] == tree.parent[deeper[0]]]
    if not toes:
        toes = [c for c in tree.children[ankle] if tree.evidence[c].kind == "unknown" and _ahead(tree, knee, ankle, c)]
    if not toes:
        return None, ""
    if len(toes) < _MANY:
        return max(toes, key=lambda c: tree.reach[c] + tree.links[c]), ""
    return _middle(tree, toes), f"the middle one of {len(toes)} toes"


def _ahead(tree: Tree, knee: int, ankle: int, node: int) -> bool:
    """Whether ``node`` lies before the ankle, not straight below it."""
    shin, toe = tree.heads[ankle] - tree.heads[knee], tree.heads[node] - tree.heads[ankle]
    lengths = np.linalg.norm(shin), np.linalg.norm(toe)
    within = _SHORTEST * lengths[0] < lengths[1] < _LONGEST * lengths[0]
    return bool(within and shin @ toe < _TURNED * lengths[0] * lengths[1])


def _middle(tree: Tree, toes: list[int]) -> int:
    heads = tree.heads[toes]
    off = heads - heads.mean(axis=0)
    side = off[int(np.argmax(np.linalg.norm(off, axis=1)))]
    return [toes[k] for k in np.argsort(off @ side)][len(toes) // 2]
