"""The user's body models, read once a process: a source travels to its workers anew with every part of the work."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from backend.motion.body_model import BodyModel, model_path, read_model


def body(folder: Path, kind: str, gender: str) -> BodyModel:
    """``kind`` "smplx" or "smplh"; FileNotFoundError says which files were looked for."""
    return _read(model_path(folder, kind, gender))


def files(folder: Path | None) -> list[Path]:
    """All models in the folder, by name; none without one."""
    return [] if folder is None else sorted(folder.rglob("*.npz"))


@lru_cache(maxsize=6)  # both kinds, three genders: up to 90 MB each
def _read(path: Path) -> BodyModel:
    return read_model(path)
