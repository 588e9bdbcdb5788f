"""The hand-written sentences of our own sources' labels, and what else the file says of a label."""

from __future__ import annotations

import json
from pathlib import Path

FILE = Path(__file__).parent / "captions" / "phrases.json"
_FAMILIES = {"cmu": ("cmu", "dance"), "o3de": ("o3de",), "cc0": ("cc0",)}


def read() -> dict:
    return json.loads(FILE.read_text(encoding="utf-8"))


def entry(source: str, label: str, phrases: dict) -> dict | None:
    """What there is on a label of a source, or None."""
    for family in _FAMILIES.get(source, ()):
        if label in phrases[family]:
            return phrases[family][label]
    return None
