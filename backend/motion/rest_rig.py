"""A rig at rest as plain data: what mapping and retargeting need to know of an armature, whoever read it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .skeleton import Skeleton


@dataclass(frozen=True, eq=False)
class RestRig:
    """N bones, parents before children; any unit, any axes.

    ``parents``: index or -1; ``heads`` and ``tails`` (N, 3); ``deform`` (N,) whether the bone moves a mesh. ``labels``:
    bone -> what the rig itself says that it is, in the words of Unity's and VRM's humanoid table ("leftUpperLeg").
    ``properties``: bone -> names of its custom properties (switches of a control rig). ``ours``: whether Posewright
    made the armature itself.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    heads: np.ndarray
    tails: np.ndarray
    deform: np.ndarray
    labels: dict[str, str] = field(default_factory=dict)
    properties: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ours: bool = False

    def __post_init__(self):
        if any(p >= i for i, p in enumerate(self.parents)):
            raise ValueError("bones must be ordered with every parent before its children")

    @property
    def fingerprint(self) -> str:
        """The same for every armature with these bones under these parents, wherever and however large it is."""
        tree = sorted((n, self.names[p] if p >= 0 else None) for n, p in zip(self.names, self.parents))
        return hashlib.sha256(json.dumps(tree, ensure_ascii=True).encode()).hexdigest()[:16]

    @classmethod
    def of(cls, skeleton: Skeleton, ends: Mapping[str, np.ndarray] | None = None) -> RestRig:
        """The joints of a motion file as bones: each ends in the middle of those below it, a last one at its End Site
        (``ends``: joint -> (3,) from the joint to it) or, without one, half its own length on."""
        heads = skeleton.rest_positions
        tails = heads + 0.5 * skeleton.offsets
        for j, (name, children) in enumerate(zip(skeleton.names, skeleton.children)):
            if children:
                tails[j] = heads[list(children)].mean(axis=0)
            elif ends is not None and name in ends:
                tails[j] = heads[j] + ends[name]
        return cls(skeleton.names, skeleton.parents, heads, tails, np.ones(len(skeleton), bool))
