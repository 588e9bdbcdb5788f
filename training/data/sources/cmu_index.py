"""What was done in each trial of the CMU database, from the two files in which people have that.

* ``descriptions.json``: an object, trial -> description.
* The index that comes with cgspeed's BVH release (``cmu-mocap-index-text.txt``, in some of its archives
  ``cmu-mocap-index-txt.txt``): headings "Subject #1 (climb, swing)" and lines "01_01<tab>playground - climb". A trial
  that CMU does not describe stands there as "Unknown".
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from backend.motion.formats.text import FormatError, read_text

from .listing import files

MAX_BYTES = 2**22
_INDEX = re.compile(r"cmu-mocap-index.*\.txt", re.IGNORECASE)
_LINE = re.compile(r"\s*(\d{1,3}_\d{1,3})(?:\.\w+)?[\s:;,|]+(\S.*)")


def file_below(folder: Path) -> Path | None:
    """The JSON file in ``folder``, else the first index anywhere below it; None where there is neither."""
    given = folder / "descriptions.json"
    if given.exists():
        return given
    return next((path for path in files(folder, (".txt",)) if _INDEX.fullmatch(path.name)), None)


def read(path: Path) -> dict[str, str]:
    """Trial -> description; trials that nobody described are not in it. FormatError for a file that is neither."""
    found = _from_json(path) if path.suffix.lower() == ".json" else _from_index(path)
    # one line each, without the sign that divides caption lines
    plain = {trial: " ".join(text.replace("#", " ").split()) for trial, text in found.items()}
    return {trial: text for trial, text in plain.items() if text and text.lower() != "unknown"}


def _from_json(path: Path) -> dict[str, str]:
    text = read_text(path, FormatError, MAX_BYTES)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as reason:
        raise FormatError(path, None, f"is not JSON ({reason})") from reason
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise FormatError(path, None, 'must be an object of descriptions, {"01_01": "walk"}')
    return found


def _from_index(path: Path) -> dict[str, str]:
    lines = read_text(path, FormatError, MAX_BYTES).split("\n")
    found = dict(match.groups() for line in lines if (match := _LINE.fullmatch(line)))
    if not found:
        raise FormatError(path, None, "has no line 'trial<tab>description' such as '01_01<tab>walk'")
    return found
