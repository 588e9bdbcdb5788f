"""A body's bones by slot: limbs, trunk, fingers and sides put together."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..skeleton import SMPLX52_NAMES
from . import fingers, sides, trunk
from .body import Body
from .feet import ball
from .limb_parts import divide
from .tree import Tree
from .trunk import Trunk


@dataclass(frozen=True)
class Found:
    """``slots``: slot -> nodes, parents first. ``special``: slot -> what its why has to add."""

    tree: Tree
    body: Body
    trunk: Trunk
    sides: sides.Sides
    slots: dict[str, tuple[int, ...]]
    special: dict[str, str] = field(default_factory=dict)


def assign(tree: Tree, body: Body) -> Found:
    """Every slot that the body has a bone for."""
    legs, arms = divide(tree, body.legs.ways, arm=False), divide(tree, body.arms.ways, arm=True)
    balls = [ball(tree, leg["knee"][0], leg["ankle"][0]) for leg in legs]
    side = sides.find(tree, legs, arms, [b[0] for b in balls])
    middle = np.mean([tree.heads[leg["hip"][0]] for leg in legs], axis=0)
    found = trunk.find(tree, body, middle, body.legs.length)
    slots = {"pelvis": (found.pelvis,), "neck": found.neck, "head": () if found.head is None else (found.head,)}
    slots |= trunk.spread(tree, found.spine, _above_spine(tree, found, arms))
    special = {}
    for k, name in enumerate(("left_", "right_")):
        leg, arm = (side.order[i] if k == 0 else 1 - side.order[i] for i in (0, 1))
        slots |= {name + part: nodes for part, nodes in (legs[leg] | arms[arm]).items()}
        toe, note = balls[leg]
        if toe is not None:
            slots[name + "foot"] = (toe,)
            special[name + "foot"] = note
        for finger, joints in fingers.find(tree, arms[arm]["wrist"][0]).items():
            slots |= {f"{name}{finger}{number}": (node,) for number, node in enumerate(joints, start=1)}
    return Found(tree, body, found, side, _in_order(slots), {s: note for s, note in special.items() if note})


def _above_spine(tree: Tree, found: Trunk, arms: list[sides.Parts]) -> np.ndarray:
    """Where the spine ends: at the neck, else between the shoulders."""
    if found.neck:
        return tree.heads[found.neck[0]]
    return np.mean([tree.heads[arm["shoulder"][0]] for arm in arms], axis=0)


def _in_order(slots: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """In the order of the canonical joints, empty ones left out."""
    return {name: slots[name] for name in SMPLX52_NAMES if slots.get(name)}
