"""O3DE's motion matching sample (github.com/o3de/o3de, Gems/MotionMatching/Assets): locomotion takes as BVH."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.motion import bone_presets, retarget
from backend.motion.formats import bvh
from backend.motion.rest_pose import as_ours

from .listing import none_found
from .take import Item, Take, Terms


@dataclass(frozen=True)
class O3de:
    """``folder``: the takes as ``<name>.bvh``, in centimetres; the file name is the only label."""

    folder: Path
    name = "o3de"
    together = 8
    terms = Terms("O3DE motion matching sample", "https://github.com/o3de/o3de", "Apache-2.0 OR MIT")

    def items(self) -> Iterator[Item]:
        """One a file, by name; ValueError when there is none."""
        paths = sorted(self.folder.glob("*.bvh"))
        if not paths:
            raise none_found(self.folder, "<name>.bvh of O3DE's motion matching sample")
        for path in paths:
            yield Item(path.stem, (path,))

    def beside(self) -> tuple[Path, ...]:
        return ()

    def read(self, item: Item) -> Iterator[Take]:
        """The take of a file; ValueError names file and line."""
        (path,) = item.paths
        # the first frame is a T-pose held upright; against the zero pose of the files every take leans back 10 degrees
        motion = retarget.rebound(bvh.read(path, scale=0.01), 0)
        found = bone_presets.match(motion.skeleton.names)
        motion = as_ours(motion, found)
        yield Take(f"o3de_{path.stem}", self.name, "o3de", path.stem, motion, found, tpose_start=True)
