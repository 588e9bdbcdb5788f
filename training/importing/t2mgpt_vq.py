"""T2M-GPT's motion tokenizer (``net_last.pth``), also MotionGPT 1's (``t2m.pth``, ``kit.pth``): papers.md 2.2."""

from __future__ import annotations

from collections.abc import Mapping

from ..exporting.bundle_json import bundle_json
from . import guarded, manifest, tokenizer
from .imported import Imported, Kind, Options, about, listed, others

SECTION, PREFIX = "net", "vqvae."
LICENCE = "T2M-GPT's own files are under Apache-2.0; for those of MotionGPT 1 (t2m.pth, kit.pth) none is stated"


def convert(found: Mapping, options: Options) -> Imported:
    """From ``{"net": {"vqvae.…": tensor}}``; ValueError says what does not fit."""
    if SECTION not in found:
        raise ValueError(f"it has no part {SECTION!r}, as T2M-GPT's tokenizers have; it has {listed(found)}")
    tensors = guarded.tensors(found[SECTION], f"the part {SECTION!r}")
    foreign = [name for name in tensors if not name.startswith(PREFIX)]
    if foreign:
        raise ValueError(f"tensor {foreign[0][:100]!r} does not belong there, names begin with {PREFIX!r}")
    ours, config, rows = tokenizer.convert(manifest.under(tensors, PREFIX))
    licence = f"{LICENCE}; {rows.conditions}"
    return Imported(
        {tokenizer.FILE: ours},
        licence=licence,
        features=rows.facts(),
        left_out=others(found, (SECTION,)),
        bundle=bundle_json(about("t2mgpt-vq", licence, rows.data), config, rows.facts()),
    )


def recognises(found: Mapping) -> bool:
    return SECTION in found


KIND = Kind(2**30, convert, recognises)
