"""Measures the canonical offsets: the mean body of the CMU performers, left and right made symmetric."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from backend.motion import retarget
from backend.motion.skeleton import SMPL22_NAMES, mirror_names

from .sources.take import Take


def mean_offsets(takes: Iterable[Take], held_out_subjects: Iterable[str]) -> np.ndarray:
    """(22, 3) metres, averaged over one ASF skeleton a subject in canonical form; held-out subjects do not count."""
    bodies = {}
    for take in takes:
        if take.subject in held_out_subjects or take.subject in bodies or take.bone_map.name != "CMU ASF":
            continue
        points = retarget.slot_points(take.motion.skeleton, take.bone_map)
        bodies[take.subject] = retarget.character_skeleton(points).offsets
    if not bodies:
        raise ValueError("no CMU ASF subject to measure; point --cmu at the folder with <subject>/<subject>.asf")
    offsets = np.mean(list(bodies.values()), axis=0)
    swap = list(mirror_names(SMPL22_NAMES))
    return (offsets + offsets[swap] * np.array([-1.0, 1.0, 1.0])) / 2
