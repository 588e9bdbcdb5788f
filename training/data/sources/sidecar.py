"""Sentences beside a user's recording: ``walk.txt`` beside ``walk.bvh``."""

from __future__ import annotations

from pathlib import Path

from .. import caption_lines
from ..caption_lines import CaptionLine


def path_beside(recording: Path) -> Path:
    return recording.with_suffix(".txt")


def captions(recording: Path) -> tuple[CaptionLine, ...]:
    """Those of the text file with the recording's name, none where there is no such file. A line is a sentence or, with
    "#", HumanML3D's ``caption#words#start#end``. ValueError names file and line."""
    path = path_beside(recording)
    return tuple(caption_lines.read(path, caption_lines.sentence_or_line)) if path.exists() else ()
