"""Guo's text-to-motion evaluator (``text_mot_match/model/finest.tar``): papers.md 6.1."""

from __future__ import annotations

from collections.abc import Mapping

from ..metrics import t2m_evaluator
from . import guarded, manifest, rows
from .imported import Imported, Kind, Options, listed, others

PARTS = ("text_encoder", "movement_encoder", "motion_encoder")
FIRST = "movement_encoder.main.0.weight"
LICENCE = "MIT"


def convert(found: Mapping, options: Options) -> Imported:
    """From ``{"text_encoder": …, "movement_encoder": …, "motion_encoder": …}``; ValueError says what does not fit."""
    missing = [part for part in PARTS if part not in found]
    if missing:
        raise ValueError(f"it has no part {missing[0]!r}, as the evaluator has; it has {listed(found)}")
    tensors = {
        f"{part}.{name}": value
        for part in PARTS
        for name, value in guarded.tensors(found[part], f"the part {part!r}").items()
    }
    if FIRST not in tensors or tensors[FIRST].ndim != 3:
        raise ValueError(f"tensor {FIRST!r} of shape 512 x 259 x 4 is missing: this is no evaluator")
    read = rows.of_width(tensors[FIRST].shape[1], beside=t2m_evaluator.CONTACTS)
    taken = manifest.take(tensors, t2m_evaluator.shapes(read.format().width))
    return Imported(
        {t2m_evaluator.FILE: taken | read.tensors()},
        licence=f"{LICENCE}; {read.conditions}",
        features=read.facts(),
        left_out=others(found, PARTS),
    )


def recognises(found: Mapping) -> bool:
    return all(part in found for part in PARTS)


KIND = Kind(2**30, convert, recognises, bundle=False)
