"""A tokenizer run and a language run as one bundle, of whichever kind the language model is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from backend.bundles import Bundle
from training import tokenizer

from . import based, language_run, small


def export(
    tokenizer_folder: Path,
    language_folder: Path,
    meta: Mapping,
    card: str,
    out: Path,
    replace: bool = False,
    whole: bool = False,
) -> Bundle:
    """Write the bundle ``out`` from the folders of two runs (the tokenizer's may be a bundle too, the language model's
    a ``best/``); ``meta`` has ``bundle_json.META_FIELDS``. ``whole``: put the base in with what was trained on it.
    ValueError or OSError where the parts do not fit together."""
    run, motion = language_run.read(language_folder), tokenizer.load_tokenizer(tokenizer_folder)
    if run.base is not None:
        return based.export(motion, run, meta, card, out, replace, whole)
    if whole:
        raise ValueError(f"{language_folder} has no base, all of it is in the bundle anyway: leave --whole out")
    return small.export(motion, run, meta, card, out, replace)
