"""Recordings: one file a public source or layout; ``take`` says what all of them yield."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from .amass import Amass
from .cmu import Cmu
from .folder import Folder
from .humanml3d import HumanML3D
from .kitml import KitMl
from .libraries import Libraries
from .motionx import MotionX
from .o3de import O3de
from .take import Source

SOURCES = {kind.name: kind for kind in (Cmu, O3de, Libraries, HumanML3D, KitMl, MotionX, Amass, Folder)}


@dataclass(frozen=True)
class Options:
    """What some sources take beside their folder; each takes what it has a field for."""

    bpy_python: Path | None = None
    """a Python that can import bpy, for FBX and GLB"""
    body_models: Path | None = None
    """the folder of the user's SMPL-H and SMPL-X models"""
    amass: Path | None = None
    """AMASS, from which HumanML3D is rebuilt"""
    captions: Path | None = None
    """a folder of sentences for AMASS, laid out as it is"""
    scale: float | None = None
    """metres per unit of BVH files"""
    up: str | None = None
    """up axis of Motion-X's files"""


def create(name: str, folder: Path, options: Options) -> Source:
    """The source of that name in ``folder``; KeyError for a name that is not in ``SOURCES``."""
    kind = SOURCES[name]
    theirs = {field.name for field in fields(kind)}
    given = {field.name: getattr(options, field.name) for field in fields(Options) if field.name in theirs}
    return kind(Path(folder), **given)
