"""Motion files that the command line reads and writes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ..motion import bone_presets, retarget, smplx_io
from ..motion.floor import on_floor
from ..motion.formats import bvh, npz
from ..motion.formats.text import FormatError
from ..motion.motion import Motion
from ..motion.skeleton import KINDS, Skeleton
from ..wire import RequestError

_FORMATS = {".npz": npz, ".bvh": bvh}
ENDINGS = tuple(_FORMATS)
_ENDINGS = " or ".join(ENDINGS)


def read(path: Path) -> tuple[Motion, list[str]]:
    """A motion on SMPL-22 or SMPL-X-52: of such a skeleton as it is, of any other whose bones have known names on the
    canonical one, with a warning. RequestError says what is wrong with the file."""
    if path.suffix.lower() not in _FORMATS:
        raise RequestError("bad_file", f"{path} is of no known kind", f"Name a file that ends in {_ENDINGS}.")
    try:
        motion = read_npz(path) if path.suffix.lower() == ".npz" else bvh.read(path)
        ours = named_as_ours(motion)
        if ours is not None:
            return ours, []
        ours = retarget.retarget(motion, bone_presets.match(motion.skeleton.names))
        return ours, [f"{path.name} is on another rig: it comes back on Posewright's skeleton, {ours.skeleton.kind}"]
    except ValueError as error:
        reason = str(error) if isinstance(error, FormatError) else f"{path.name}: {error}"
        raise RequestError("bad_file", reason, "Name another file.") from error


def read_npz(path: Path) -> Motion:
    """Our own file, or SMPL parameters as AMASS has them. These do not say how high the pelvis is: it is set down on
    the floor. FormatError for any other."""
    return npz.read(path) if npz.is_ours(path) else on_floor(smplx_io.read(path))


def named_as_ours(motion: Motion) -> Motion | None:
    """The motion itself where its joints are those of one of our skeletons, as in every file that we wrote; a BVH has
    them in another order."""
    skeleton = motion.skeleton
    for kind, (names, parents) in KINDS.items():
        if _tree(skeleton.names, skeleton.parents) == _tree(names, parents):
            order = [skeleton.names.index(name) for name in names]
            own = Skeleton(kind, names, parents, skeleton.offsets[order])
            return Motion(own, motion.root, motion.rotations[:, order], motion.fps, motion.contacts)
    return None


def _tree(names: Sequence[str], parents: Sequence[int]) -> dict[str, str | None]:
    """Joint -> its parent."""
    return {name: names[parent] if parent >= 0 else None for name, parent in zip(names, parents)}


def writer(path: Path) -> Callable[[Path, Motion], None]:
    """The function that writes such a file; everything that can be wrong with the path is found before generating."""
    require_writable(path)
    return _FORMATS[path.suffix.lower()].write


def require_writable(path: Path) -> None:
    """RequestError for a file that is of no kind that we write, or cannot be written."""
    if path.suffix.lower() not in _FORMATS:
        raise RequestError("bad_out", f"--out {path} is of no known kind", f"Name a file that ends in {_ENDINGS}.")
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise RequestError("bad_out", f"--out {path} cannot be written", "Name a file in a folder that you can write.")
