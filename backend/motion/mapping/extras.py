"""What goes with the slots: twist bones, the controls of an FK layer, and what carries the body."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..bone_map import Controls
from ..rest_rig import RestRig
from ..skeleton import SEGMENTS
from .evidence import Evidence
from .slots import Found
from .vocabulary import ROOTS

_ASIDE = 0.3
"""distance of a twist bone from its segment, in lengths of the segment"""
_GROUND = 0.15
"""height over the feet, in lengths of a leg, up to which a bone stands on the ground"""


def part_of(slot: str) -> str:
    """The slot without its side."""
    return slot.removeprefix("left_").removeprefix("right_")


def twists(
    rig: RestRig, evidence: Sequence[Evidence], slots: dict[str, tuple[int, ...]], layer: str
) -> dict[str, tuple[int, ...]]:
    """Slot -> bones beside the segment that share its twist, from its start to its end."""
    out: dict[str, list[tuple[float, int]]] = {}
    used = {n for nodes in slots.values() for n in nodes}
    owner = {n: slot for slot, nodes in slots.items() for n in nodes}
    for i, e in enumerate(evidence):
        if e.kind != "twist" or e.layer != layer or i in used:
            continue
        slot = _segment(rig, e, i, owner, slots)
        if slot is not None:
            side = slot.removesuffix(part_of(slot))
            start, end = (np.asarray(rig.heads[slots[s][0]], float) for s in (slot, side + SEGMENTS[part_of(slot)]))
            along, off = _along(np.asarray(rig.heads[i], float), start, end)
            if -0.1 < along < 1.1 and off < _ASIDE:
                out.setdefault(slot, []).append((round(along, 3), i))
    return {slot: tuple(i for _, i in sorted(found)) for slot, found in out.items()}


def _segment(rig: RestRig, e: Evidence, bone: int, owner: dict[int, str], slots) -> str | None:
    """The slot whose segment a twist bone belongs to: what it is named after, else what it hangs on."""
    above = rig.parents[bone]
    while above >= 0 and above not in owner:
        above = rig.parents[above]
    parent = owner.get(above)
    side = e.side + "_" if e.side else parent.removesuffix(part_of(parent)) if parent else ""
    for part in sorted(e.parts, key=lambda p: -e.parts[p]):
        if part in SEGMENTS and side + part in slots:
            return side + part
    return parent if parent is not None and part_of(parent) in SEGMENTS else None


def _along(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[float, float]:
    """Where ``point`` is along the segment (0 start, 1 end) and how far off it, in lengths of the segment."""
    line = end - start
    length = max(float(line @ line), 1e-12)
    at = float((point - start) @ line) / length
    return at, float(np.linalg.norm(point - start - at * line) / np.sqrt(length))


def fk_controls(rig: RestRig, evidence: Sequence[Evidence], slots: dict[str, tuple[int, ...]]) -> dict[str, Controls]:
    """Slot -> the bones of a control rig's FK layer that are named like it."""
    out: dict[str, list[int]] = {}
    for i, e in enumerate(evidence):
        if e.layer == "fk" and e.kind == "body":
            slot = _nearest(rig, e, i, slots)
            if slot is not None:
                out.setdefault(slot, []).append(i)
    return {slot: Controls(fk=tuple(rig.names[i] for i in bones)) for slot, bones in out.items()}


def _nearest(rig: RestRig, e: Evidence, bone: int, slots: dict[str, tuple[int, ...]]) -> str | None:
    """Of the slots that the name fits, the one that begins nearest."""
    side = e.side + "_" if e.side else ""
    if e.finger:
        fitting = [f"{side}{e.finger[0]}{e.finger[1]}"]
    else:
        parts = set(e.parts)
        fitting = [slot for slot in slots if part_of(slot).rstrip("123") in parts and slot.startswith(side)]
    fitting = [slot for slot in fitting if slot in slots]
    heads = np.asarray(rig.heads, float)
    return min(fitting, key=lambda s: float(np.linalg.norm(heads[slots[s][0]] - heads[bone])), default=None)


def body_and_root(rig: RestRig, evidence: Sequence[Evidence], found: Found) -> tuple[int | None, int | None]:
    """The control that carries the whole body, where that is not the pelvis, and the topmost bone above that stands on
    the ground, or is named as if it did. One on the ground is a root, even where legs and pelvis hang on it."""
    ground, body = _on_ground(rig, found), found.trunk.carrier
    if body is not None and ground[body]:
        body = None
    root, above = None, rig.parents[found.trunk.pelvis if body is None else body]
    while above >= 0:
        if ground[above] or evidence[above].joined in ROOTS:
            root = above
        above = rig.parents[above]
    return body, root


def _on_ground(rig: RestRig, found: Found) -> np.ndarray:
    """(N,) whether a bone begins at the height of the feet."""
    ankles = [found.slots[side + "ankle"][0] for side in ("left_", "right_")]
    heads = np.nan_to_num(np.asarray(rig.heads, float))
    up = heads[found.trunk.pelvis] - heads[ankles].mean(axis=0)
    heights = heads @ (up / max(np.linalg.norm(up), 1e-12))
    feet = [n for side in ("left_", "right_") for s in ("ankle", "foot") for n in found.slots.get(side + s, ())]
    return np.abs(heights - heights[feet].min()) < _GROUND * found.body.legs.length
