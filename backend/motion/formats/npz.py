"""Our own file: a Motion with its skeleton as plain arrays in one NPZ, read as ``bounded_npz`` reads any other."""

from __future__ import annotations

import io
import zipfile

import numpy as np

from ..motion import Motion, believed
from ..skeleton import Skeleton
from .bounded_npz import ArraysError, Wanted, read_arrays
from .text import LIMITS, FormatError, Limits, write_bytes

FORMAT = 1
_WANTED = {
    "format": Wanted("i", ((),)),
    "kind": Wanted("U", ((),)),
    "names": Wanted("U", (("J",),)),
    "parents": Wanted("i", (("J",),)),
    "offsets": Wanted("f", (("J", 3),)),
    "canonical_rest": Wanted("b", ((),)),
    "root": Wanted("f", (("T", 3),)),
    "rotations": Wanted("f", (("T", "J", 4),)),
    "contacts": Wanted("b", (("T", 4),)),
    "fps": Wanted("i", ((2,),)),
}


def write(path, motion: Motion) -> None:
    """Write ``motion`` whole or not at all; float64, so that reading gives the same numbers."""
    skeleton = motion.skeleton
    data = io.BytesIO()
    np.savez_compressed(
        data,
        format=np.array(FORMAT, "<i8"),
        kind=np.array(skeleton.kind),
        names=np.array(skeleton.names),
        parents=np.array(skeleton.parents, "<i8"),
        offsets=np.ascontiguousarray(skeleton.offsets, "<f8"),
        canonical_rest=np.array(skeleton.canonical_rest),
        root=np.ascontiguousarray(motion.root, "<f8"),
        rotations=np.ascontiguousarray(motion.rotations, "<f8"),
        contacts=np.ascontiguousarray(motion.contacts, bool),
        fps=np.array([motion.fps.numerator, motion.fps.denominator], "<i8"),
    )
    write_bytes(path, data.getvalue())


def is_ours(path) -> bool:
    """Whether an NPZ has a skeleton of its own; parameters of SMPL, as AMASS has them, have none. FormatError for what
    is no NPZ."""
    try:
        with zipfile.ZipFile(path) as file:
            return "offsets.npy" in file.namelist()
    except OSError as error:
        raise FormatError(path, None, f"cannot be opened ({error.strerror})") from error
    except zipfile.BadZipFile as error:
        raise FormatError(path, None, f"is no NPZ file ({error})") from error


def read(path, limits: Limits = LIMITS) -> Motion:
    """The Motion of a file that ``write`` made. Raises ArraysError naming what is wrong."""
    found = read_arrays(path, _WANTED, limits)
    found.setdefault("canonical_rest", np.array(False))  # files of older builds do not say
    for key in _WANTED:
        if key not in found:
            raise ArraysError(path, None, f"lacks the array {key!r}; is it a motion written by Posewright?")
    if int(found["format"]) != FORMAT:
        raise ArraysError(path, None, f"has format {int(found['format'])}; this build reads format {FORMAT}")
    names = tuple(str(n) for n in found["names"])
    parents = tuple(int(p) for p in found["parents"])
    if not 1 <= len(names) <= limits.joints:
        raise ArraysError(path, None, f"has {len(names):,} joints; read are 1 to {limits.joints:,}")
    if len(set(names)) != len(names) or parents[0] != -1 or min(parents[1:], default=0) < 0:
        raise ArraysError(path, None, "needs one root, standing first, and a name of its own for every joint")
    fps = tuple(int(n) for n in found["fps"])
    if min(fps) < 1:
        raise ArraysError(path, None, f"the frame rate must be a ratio of positive numbers, got {fps}")
    try:
        skeleton = Skeleton(str(found["kind"]), names, parents, found["offsets"], bool(found["canonical_rest"]))
        return believed(Motion(skeleton, found["root"], found["rotations"], fps, found["contacts"]))
    except ValueError as reason:
        raise ArraysError(path, None, str(reason)) from reason
