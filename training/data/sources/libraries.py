"""CC0 clip libraries as GLB with several named actions in a file: Mesh2Motion, KayKit's character animations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .bpy_reader import animations, find_python
from .listing import none_found
from .take import Item, Skipped, Take, Terms


@dataclass(frozen=True)
class Libraries:
    """``folder``: ``<library>/<file>.glb``; the action's name is the label. ``bpy_python``: see ``find_python``."""

    folder: Path
    bpy_python: Path | None = None
    name = "cc0"
    together = 1
    terms = Terms("Mesh2Motion and KayKit animations", "https://mesh2motion.org, https://kaylousberg.com", "CC0-1.0")

    def items(self) -> Iterator[Item]:
        """One a file, by name; ValueError when there is none, or nothing to read them with."""
        paths = sorted(self.folder.glob("*/*.glb"))
        if not paths:
            raise none_found(self.folder, "<library>/<file>.glb")
        find_python(self.bpy_python)
        for path in paths:
            yield Item(f"{path.parent.name}/{path.stem}", (path,))

    def beside(self) -> tuple[Path, ...]:
        return ()

    def read(self, item: Item) -> Iterator[Take | Skipped]:
        """A take for each action of a file; ValueError where the file cannot be read."""
        (path,) = item.paths
        library = path.parent.name
        for action in animations(path, find_python(self.bpy_python)):
            id = f"{library}_{action.name}"
            if isinstance(action.motion, str):
                yield Skipped(id, path, action.motion)
            else:
                yield Take(id, self.name, library, action.name, action.motion, action.bone_map)
