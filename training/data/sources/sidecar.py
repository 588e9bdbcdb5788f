"""Sentences beside a user's recording: ``walk.txt`` beside ``walk.bvh``."""

from __future__ import annotations

import logging
from pathlib import Path

from ..caption_lines import MAX_BYTES, CaptionLine, sentence_or_line, sound_lines

_log = logging.getLogger(__name__)


def path_beside(recording: Path) -> Path:
    return recording.with_suffix(".txt")


def captions(recording: Path) -> tuple[CaptionLine, ...]:
    """Those of the text file with the recording's name, none where there is no such file. A line is a sentence or, with
    "#", HumanML3D's ``caption#words#start#end``; one that is neither is logged and left out. ValueError names a file of
    which no line can be read."""
    path = path_beside(recording)
    if not path.exists():
        return ()
    with open(path, "rb") as file:
        found, problems = sound_lines(file.read(MAX_BYTES + 1), str(path), sentence_or_line)
    if not found:
        raise ValueError(problems[0])
    for problem in problems:
        _log.warning("%s; the line is left out", problem)
    return tuple(found)
