"""A folder of a user's own recordings, of any figure that the bone mapper knows: BVH, FBX, glTF, ASF/AMC, our NPZ."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.command_line import bpy_files
from backend.motion import bone_presets
from backend.motion.bone_map import BoneMap, NoMapFits
from backend.motion.formats import asf_amc, bvh, npz
from backend.motion.formats.bvh import BvhError
from backend.motion.motion import Motion
from backend.motion.rest_pose import as_ours
from backend.motion.skeleton import KINDS

from . import bpy_reader, posture, sidecar
from .cmu import asf_beside
from .listing import files, none_found
from .naming import words
from .take import Item, Skipped, Take, Terms

_log = logging.getLogger(__name__)
SUFFIXES = (".bvh", ".amc", ".npz", *bpy_files.SUFFIXES)


@dataclass(frozen=True)
class Folder:
    """``folder``: files at any depth; the first folder below it is the subject. ``bpy_python`` reads FBX and glTF, see
    ``bpy_reader.find_python``; ``scale``: metres per unit of the BVH files, guessed from the legs where it is None.

    ``walk.txt`` beside ``walk.bvh`` holds its captions: see ``sidecar``. AMC is taken for 120 fps, as CMU's are.
    """

    folder: Path
    bpy_python: Path | None = None
    scale: float | None = None
    name = "folder"
    together = 8
    terms = Terms("your own BVH, FBX, GLB, AMC or NPZ files", "", "as the owner of the files says")

    def items(self) -> Iterator[Item]:
        """One a file, by name; ValueError when there is none."""
        empty = True
        for path in files(self.folder, SUFFIXES):
            empty = False
            skeleton = (asf_beside(path),) if path.suffix.lower() == ".amc" else ()
            said = sidecar.path_beside(path)
            beside = (*skeleton, said) if said.exists() else skeleton
            yield Item(path.relative_to(self.folder).as_posix(), (path, *beside))
        if empty:
            raise none_found(self.folder, f"file ending in {', '.join(SUFFIXES)}")

    def beside(self) -> tuple[Path, ...]:
        return ()

    def read(self, item: Item) -> Iterator[Take | Skipped]:
        """The takes of a file; a figure that cannot be mapped is skipped with the slots that were not found. ValueError
        for a damaged file, or FBX and glTF without a bpy."""
        path, suffix = item.paths[0], item.paths[0].suffix.lower()
        try:
            if suffix in bpy_files.SUFFIXES:
                yield from self._animations(item)
            else:
                motion, mapped = self._motion(item)
                label, said = words(path.stem) or path.stem, sidecar.captions(path)
                # many converters to BVH put a T-pose before the movement
                tpose = suffix == ".bvh"
                yield Take(
                    item.id, self.name, self._subject(item), label, motion, mapped, captions=said, tpose_start=tpose
                )
        except NoMapFits as reason:
            yield Skipped(item.id, path, str(reason))

    def _subject(self, item: Item) -> str:
        below = item.id.split("/")
        return below[0] if len(below) > 1 else self.name

    def _motion(self, item: Item) -> tuple[Motion, BoneMap | None]:
        path, suffix = item.paths[0], item.paths[0].suffix.lower()
        if suffix == ".bvh":
            return self._bvh(path)
        motion = npz.read(path) if suffix == ".npz" else asf_amc.read(item.paths[1], path)
        if motion.skeleton.kind in KINDS:
            return motion, None
        mapped = bone_presets.match(motion.skeleton.names)
        return as_ours(motion, mapped), mapped

    def _bvh(self, path: Path) -> tuple[Motion, BoneMap]:
        loaded = bvh.load(path, 1.0 if self.scale is None else self.scale)
        for note in loaded.notes:
            _log.info("%s: %s", path, note)
        mapped = bone_presets.match(loaded.motion.skeleton.names)
        try:
            motion = loaded.motion if self.scale is not None else posture.in_metres(loaded.motion, mapped, str(path))
            return as_ours(posture.upright(motion, mapped), mapped), mapped
        except ValueError as reason:
            raise BvhError(path, None, str(reason)) from reason

    def _animations(self, item: Item) -> Iterator[Take | Skipped]:
        path = item.paths[0]
        said = sidecar.captions(path)
        for action in bpy_reader.animations(path, bpy_reader.find_python(self.bpy_python)):
            if said and action.of > 1:
                _log.warning("%s: left out are its captions, which do not say which of its actions they mean", path)
                said = ()
            id = item.id if action.of == 1 else f"{item.id}/{action.name}"
            if isinstance(action.motion, str):
                yield Skipped(id, path, action.motion)
                continue
            label = action.name if action.of > 1 else words(path.stem) or path.stem
            subject = self._subject(item)
            yield Take(id, self.name, subject, label, action.motion, action.bone_map, captions=said)
