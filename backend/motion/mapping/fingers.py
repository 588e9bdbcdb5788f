"""Fingers of one hand: by their names, else by where they begin across the palm."""

from __future__ import annotations

import numpy as np

from .tree import Tree
from .vocabulary import METACARPAL

ACROSS = {
    1: ("middle",), 2: ("index", "pinky"), 3: ("index", "middle", "pinky"), 4: ("index", "middle", "ring", "pinky"),
}  # fmt: skip
"""what fingers beside the thumb are, counted from it"""
_PALM = 0.5
"""largest distance of an unnamed bone from the wrist, over that of the next one, to lie in the palm"""
_THUMB = 0.75
"""largest distance of a thumb's root from the wrist over that of the knuckles"""


def find(tree: Tree, wrist: int) -> dict[str, tuple[int, ...]]:
    """Finger -> its joints 1, 2, 3, as far as there are, below ``wrist``."""
    chains = [c for c in _chains(tree, wrist) if len(c) > 1 or tree.evidence[c[0]].finger]
    told = [_told(tree, chain) for chain in chains]
    placed = _by_place(tree, wrist, chains) if None in told else {}
    out: dict[str, tuple[int, ...]] = {}
    for chain, name in zip(chains, told):
        if name is None and placed.get(chain[0]) not in told:
            name = placed.get(chain[0])
        if name is not None and name not in out:
            out[name] = _joints(tree, wrist, chain, name == "thumb")
    return out


def _told(tree: Tree, chain: list[int]) -> str | None:
    """The finger that the names of the chain say."""
    return next((tree.evidence[n].finger[0] for n in chain if tree.evidence[n].finger), None)


def _chains(tree: Tree, hand: int) -> list[list[int]]:
    """Ways down from the hand, one per finger; a bone from which several fingers branch belongs to the palm."""
    out, palms = [], list(tree.children[hand])
    while palms:
        chain = _chain(tree, palms.pop(0))
        branching = next((n for n in chain if len(_fingerlike(tree, n)) > 1), None)
        if branching is not None:
            palms.extend(_fingerlike(tree, branching))
        else:
            out.append(chain)
    return out


def _fingerlike(tree: Tree, node: int) -> list[int]:
    """Children that begin fingers of their own."""
    return [c for c in tree.children[node] if tree.children[c] or tree.evidence[c].finger]


def _chain(tree: Tree, first: int) -> list[int]:
    """Down from ``first`` along the bones whose names are of one finger, else along the longest way."""
    chain = [first]
    while tree.children[chain[-1]]:
        told = [c for c in tree.children[chain[-1]] if tree.evidence[c].finger]
        chain.append(told[0] if told else max(tree.children[chain[-1]], key=lambda c: tree.reach[c] + tree.links[c]))
    return chain


def _joints(tree: Tree, wrist: int, chain: list[int], thumb: bool) -> tuple[int, ...]:
    """Up to three bones of ``chain``: from the knuckle on, the thumb's from its root on."""
    if thumb:
        return tuple(chain[:3])
    numbers = [tree.evidence[n].finger[1] if tree.evidence[n].finger else None for n in chain]
    counted = [(i, n) for i, n in enumerate(numbers) if n is not None and n > 0]
    if METACARPAL in numbers:
        first = numbers.index(METACARPAL) + 1
    elif counted and (0 not in numbers or len(chain) > 3):
        first = max(counted[0][0] - counted[0][1] + 1, 0)
    else:
        first = int(not counted and len(chain) > 3 and _in_palm(tree, wrist, chain))
    return tuple(chain[first : first + 3])


def _in_palm(tree: Tree, wrist: int, chain: list[int]) -> bool:
    """Whether the first bone begins so near the wrist that the second one is the knuckle."""
    start, second = (np.linalg.norm(tree.heads[n] - tree.heads[wrist]) for n in chain[:2])
    return bool(start < _PALM * second)


def _by_place(tree: Tree, wrist: int, chains: list[list[int]]) -> dict[int, str]:
    """First bone of a chain -> finger: the thumb begins nearest to the wrist, the others follow it across the palm."""
    if len(chains) == 1:
        return {chains[0][0]: "middle"}
    joints = [_joints(tree, wrist, chain, thumb=False) for chain in chains]
    bases = np.array([tree.heads[j[0]] for j in joints])
    far = np.linalg.norm(bases - tree.heads[wrist], axis=1)
    thumb = int(np.argmin(far))
    rest = [k for k in range(len(chains)) if k != thumb]
    if far[thumb] > _THUMB * np.median(far[rest]) or len(rest) not in ACROSS:
        return {}
    spread = bases[rest] - bases[rest].mean(axis=0)
    side = spread[int(np.argmax(np.linalg.norm(spread, axis=1)))]
    if (bases[thumb] - bases[rest].mean(axis=0)) @ side > 0:
        side = -side
    ranked = [rest[k] for k in np.argsort(spread @ side)]
    return {chains[thumb][0]: "thumb"} | {chains[k][0]: name for k, name in zip(ranked, ACROSS[len(rest)])}
