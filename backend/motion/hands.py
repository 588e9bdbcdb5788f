"""Motions with fingers for what knows none."""

from __future__ import annotations

from dataclasses import replace

from .motion import Motion
from .skeleton import KINDS, Skeleton

BODY = "smpl22"


def without_hands(motion: Motion) -> Motion:
    """A motion on SMPL-X-52 as one on SMPL-22, every joint of the body where it was and turned as it was; a motion on
    SMPL-22 as it is. ValueError for another skeleton."""
    if motion.skeleton.kind not in KINDS:
        raise ValueError(f"hands are taken off {' and '.join(KINDS)}, got skeleton kind {motion.skeleton.kind!r}")
    if motion.skeleton.kind == BODY:
        return motion
    # the fingers come last
    names, parents = KINDS[BODY]
    offsets = motion.skeleton.offsets[: len(names)]
    skeleton = Skeleton(BODY, names, parents, offsets, motion.skeleton.canonical_rest)
    return replace(motion, skeleton=skeleton, rotations=motion.rotations[:, : len(names)])
