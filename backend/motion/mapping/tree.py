"""The bones that may be parts of the body, as a tree of their own, with what its branches measure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..rest_rig import RestRig
from .evidence import Evidence
from .vocabulary import TORSO


@dataclass(frozen=True, eq=False)
class Tree:
    """``nodes``: indices of the rig's bones, parents first; ``parent``: node -> node, or -1."""

    rig: RestRig
    evidence: Sequence[Evidence]
    nodes: tuple[int, ...]
    parent: dict[int, int]

    @cached_property
    def heads(self) -> np.ndarray:
        """(N, 3) of the rig, finite."""
        return np.nan_to_num(np.asarray(self.rig.heads, float))

    @cached_property
    def size(self) -> float:
        """Largest extent of the nodes."""
        heads = self.heads[list(self.nodes)]
        return float(np.linalg.norm(heads.max(axis=0) - heads.min(axis=0)))

    @cached_property
    def children(self) -> dict[int, list[int]]:
        out: dict[int, list[int]] = {n: [] for n in self.nodes}
        for n in self.nodes:
            if self.parent[n] >= 0:
                out[self.parent[n]].append(n)
        return out

    @cached_property
    def links(self) -> dict[int, float]:
        """Node -> distance from its parent's head."""
        return {
            n: float(np.linalg.norm(self.heads[n] - self.heads[self.parent[n]])) if self.parent[n] >= 0 else 0.0
            for n in self.nodes
        }

    @cached_property
    def reach(self) -> dict[int, float]:
        """Node -> length of the longest way down from its head."""
        out = dict.fromkeys(self.nodes, 0.0)
        for n in reversed(self.nodes):
            p = self.parent[n]
            if p >= 0:
                out[p] = max(out[p], out[n] + self.links[n])
        return out

    def longest(self, node: int) -> list[int]:
        """The longest way down, beginning with ``node``."""
        way = [node]
        while self.children[way[-1]]:
            way.append(max(self.children[way[-1]], key=lambda c: self.reach[c] + self.links[c]))
        return way

    def above(self, node: int) -> list[int]:
        """``node`` and its ancestors, nearest first."""
        out = []
        while node >= 0:
            out.append(node)
            node = self.parent[node]
        return out

    def way(self, top: int, node: int) -> list[int]:
        """The nodes from ``top`` down to its descendant ``node``, both included."""
        up = self.above(node)
        return up[: up.index(top) + 1][::-1]

    def below(self, node: int) -> list[int]:
        """``node`` and all its descendants, parents first."""
        out = [node]
        for n in out:
            out.extend(self.children[n])
        return out

    def without(self, gone: Iterable[int]) -> Tree:
        """The tree less ``gone``: what hung on these has no parent."""
        gone = set(gone)
        parent = {n: -1 if p in gone else p for n, p in self.parent.items() if n not in gone}
        return Tree(self.rig, self.evidence, tuple(n for n in self.nodes if n not in gone), parent)


def build(rig: RestRig, evidence: Sequence[Evidence], nodes: Sequence[int]) -> Tree:
    """The tree of ``nodes`` (sorted).

    Bones of the body that have no such ancestor (a control rig's deforming bones, exported alone) hang on the bone
    that they begin at. A second whole body stays apart.
    """
    parent = _parents(rig, nodes)
    tree = Tree(rig, evidence, tuple(nodes), parent)
    pieces = {n: tree.below(n) for n in nodes if parent[n] < 0}
    known = {root: _parts(evidence, piece) for root, piece in pieces.items()}
    trunks = [root for root in pieces if known[root].intersection(TORSO)]
    if len(pieces) < 2 or not trunks:
        return tree
    main = max(trunks, key=lambda r: (len(known[r].intersection(TORSO)), len(pieces[r])))
    loose = [r for r in pieces if r != main and known[r] and not (known[r] & {"knee", "hip"} and known[r] & {"elbow"})]
    targets = [n for r in (main, *loose) for n in pieces[r]]
    for root in loose:
        apart = [n for n in targets if tree.above(n)[-1] != root]
        parent[root] = apart[int(np.argmin(_distances(rig, apart, rig.heads[root])))]
    depth = {n: len(tree.above(n)) for n in nodes}
    return Tree(rig, evidence, tuple(sorted(nodes, key=lambda n: (depth[n], n))), parent)


def _parents(rig: RestRig, nodes: Sequence[int]) -> dict[int, int]:
    """Node -> the nearest ancestor that is a node, or that a node less deep in the rig stands for by its place."""
    depth = []
    for p in rig.parents:
        depth.append(0 if p < 0 else depth[p] + 1)
    members, places = set(nodes), {}
    heads = np.nan_to_num(np.asarray(rig.heads, float))
    keys = [tuple(row) for row in np.round(heads / max(np.ptp(heads, axis=0).max(), 1e-12), 5).tolist()]
    for n in sorted(nodes, key=lambda n: -depth[n]):
        places[keys[n]] = n
    out = {}
    for n in nodes:
        p = rig.parents[n]
        while p >= 0 and p not in members:
            twin = places.get(keys[p], n)
            if depth[twin] < depth[n]:  # a deforming bone beside each control: its parents are controls
                p = twin
                break
            p = rig.parents[p]
        out[n] = p
    return out


def _parts(evidence: Sequence[Evidence], nodes: Iterable[int]) -> set[str]:
    """What the names of ``nodes`` know; "finger" for fingers."""
    out: set[str] = set()
    for n in nodes:
        out.update(evidence[n].parts)
        if evidence[n].finger:
            out.add("finger")
    return out


def _distances(rig: RestRig, bones: Sequence[int], point: np.ndarray) -> np.ndarray:
    """(len(bones),) from ``point`` to each bone, head to tail."""
    heads, tails = rig.heads[bones], rig.tails[bones]
    along = tails - heads
    where = ((point - heads) * along).sum(axis=1) / np.maximum((along * along).sum(axis=1), 1e-12)
    return np.linalg.norm(heads + np.clip(where, 0.0, 1.0)[:, None] * along - point, axis=1)
