"""The text tokenizer of a published language model, which its file does not hold: a folder's ``tokenizer.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from backend.bundles.bundle import shown
from backend.engines.files import TEXT_TOKENIZER

MAX_BYTES = 64 * 2**20


def checked(folder: Path, size: int, control: Mapping[str, int]) -> Path:
    """The file in ``folder``; ValueError unless it has ``size`` tokens, and the ``control`` ones at their ids."""
    path = folder / TEXT_TOKENIZER
    if not path.is_file():
        raise ValueError(f"{folder} has no {TEXT_TOKENIZER}")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path} has more than the accepted {MAX_BYTES:,} bytes")
    try:
        ids = _ids(json.loads(path.read_bytes()))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is no tokenizer as the tokenizers library writes it: {error}") from error
    found = len(set(ids.values()))
    if found != size:
        raise ValueError(f"{path} has {found} tokens, the language model was trained with {size}")
    for token, number in control.items():
        if ids.get(token) != number:
            raise ValueError(f"{path} has {token} at {shown(ids.get(token))}, the language model reads it at {number}")
    return path


def _ids(d: dict) -> dict[str, int]:
    """Token -> id, of any of the library's models."""
    words = d["model"]["vocab"]
    known = dict(words) if isinstance(words, dict) else {piece: number for number, (piece, _) in enumerate(words)}
    return known | {token["content"]: token["id"] for token in d["added_tokens"]}
