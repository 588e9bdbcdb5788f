"""Which bones of a rig may be its body: one layer of a control rig, without helpers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..rest_rig import RestRig
from .evidence import Evidence
from .tree import Tree, build

ORDER = ("def", "", "org", "fk")
"""deforming bones first; "" are bones whose names mark no layer"""
_FEWEST = 12
"""bones that a body has at least"""


def trees(rig: RestRig, evidence: Sequence[Evidence]) -> Iterator[tuple[str, Tree]]:
    """(layer, tree) of every layer that may hold a body, best first."""
    leaves = _twist_leaves(rig, evidence)
    for layer in ORDER:
        # an FK layer is completed by the controls that every mode has: hips, neck, head, shoulders
        members = (layer, "") if layer == "fk" else (layer,)
        nodes = [i for i, e in enumerate(evidence) if e.layer in members and e.kind != "aside" and i not in leaves]
        if layer:
            nodes = _with_unnamed(rig, evidence, nodes)
        deforming = _deforming(rig, nodes)
        for some in (deforming, nodes):
            if len(some) >= _FEWEST and (some is nodes or len(some) < len(nodes)):
                yield layer, build(rig, evidence, some)


def _with_unnamed(rig: RestRig, evidence: Sequence[Evidence], nodes: list[int]) -> list[int]:
    """``nodes`` and the bones of no known name around them: renaming a bone does not take it out of a layer."""
    members, near = set(nodes), [False] * len(evidence)
    for i, p in enumerate(rig.parents):
        near[i] = p >= 0 and (near[p] or p in members)
    for n in nodes:
        while (n := rig.parents[n]) >= 0 and not near[n]:
            near[n] = True
    return [i for i, e in enumerate(evidence) if i in members or (e.kind == "unknown" and e.layer == "" and near[i])]


def _deforming(rig: RestRig, nodes: list[int]) -> list[int]:
    """Of ``nodes`` those that move a mesh, and what carries them."""
    keep: set[int] = set()
    for n in nodes:
        if rig.deform[n]:
            while n >= 0 and n not in keep:
                keep.add(n)
                n = rig.parents[n]
    return [n for n in nodes if n in keep]


def _twist_leaves(rig: RestRig, evidence: Sequence[Evidence]) -> set[int]:
    """Twist bones that carry nothing of the body: they stand beside the limb, not in it."""
    carries = [False] * len(evidence)
    for i in reversed(range(len(evidence))):
        if rig.parents[i] >= 0 and (carries[i] or evidence[i].kind in ("body", "unknown")):
            carries[rig.parents[i]] = True
    return {i for i, e in enumerate(evidence) if e.kind == "twist" and not carries[i]}
