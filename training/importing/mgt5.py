"""OpenMotionLab's MotionGPT (``motiongpt_s3_h3d.tar``): its motion tokenizer and its T5 (papers.md 3b).

The T5 is trained whole, so the bundle needs no base but its text tokenizer, flan-t5-base's, which is not in the file.
``<motion_id_0>`` … ``<motion_id_514>`` stand behind its words; the last three are start, end and mask, ours come first.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from backend.engines.files import TEXT_TOKENIZER, WHOLE, WHOLE_CONFIG
from backend.systems import prompts
from backend.systems.vocabulary import TextTokens, Vocabulary

from ..exporting.bundle_json import bundle_json, text_tokenizer
from . import guarded, manifest, tokenizer, words
from .imported import Imported, Kind, Options, about, listed, others
from .t5_shape import FLAN_T5_BASE, TIED, T5Shape

SECTION = "state_dict"
LANGUAGE, TOKENIZER = "lm.language_model.", "vae."
LEFT_OUT = ("metrics.", "_losses.")
ROWS = ("shared.weight", "lm_head.weight")
"""what has a row for each token"""
CONTROL = {"<pad>": 0, "</s>": 1}
HUB = "OpenMotionLab/MotionGPT-base"
LICENCE = 'Hugging Face calls the weights "cc" without a version, the code is under MIT'
SAMPLING = {"temperature": 1.0, "top_k": 50, "guidance": 1.0}
"""as published, where nothing was dropped in training for guidance"""


def convert(found: Mapping, options: Options, shape: T5Shape = FLAN_T5_BASE) -> Imported:
    """From ``{"state_dict": {"vae.…": tensor, "lm.…": tensor, …}}``; ValueError says what does not fit."""
    if SECTION not in found:
        raise ValueError(f"it has no part {SECTION!r}, as MotionGPT's checkpoints have; it has {listed(found)}")
    values = found[SECTION]
    if not isinstance(values, Mapping):
        raise ValueError(
            f"the part {SECTION!r} is a value of type {type(values).__name__}, wanted is a dict of tensors"
        )
    counts = {prefix: sum(str(name).startswith(prefix) for name in values) for prefix in LEFT_OUT}
    wanted = {name: value for name, value in values.items() if not str(name).startswith(LEFT_OUT)}
    tensors = guarded.tensors(wanted, f"the part {SECTION!r}")
    foreign = [name for name in tensors if not name.startswith((LANGUAGE, TOKENIZER))]
    if foreign:
        raise ValueError(
            f"tensor {foreign[0][:100]!r} does not belong there, names begin with "
            f"{', '.join((LANGUAGE, TOKENIZER, *LEFT_OUT))}"
        )
    ours, config, rows = tokenizer.convert(manifest.under(tensors, TOKENIZER))
    licence = f"{LICENCE}; {rows.conditions}"
    asked = prompts.load("mgt5")
    text_file = words.checked(options.tokenizer, shape.text, CONTROL)
    said = {
        "vocabulary": Vocabulary(shape.text, asked.marks, 0, (("motion", shape.codes),)).to_dict(),
        "text_tokenizer": text_tokenizer(text_file, TextTokens(None, CONTROL["</s>"], CONTROL["<pad>"])),
        "base_model": {
            "id": HUB, "revision": "", "fingerprint": "", "architecture": "T5ForConditionalGeneration",
            "rows": shape.text,
        },
        "sampling": SAMPLING,
    }  # fmt: skip
    return Imported(
        {tokenizer.FILE: ours, WHOLE: _language_model(manifest.under(tensors, LANGUAGE), shape)},
        licence=licence,
        features=rows.facts(),
        left_out=(
            *(f"{prefix}* ({count} tensors)" for prefix, count in counts.items() if count),
            *others(found, (SECTION,)),
        ),
        documents={WHOLE_CONFIG: shape.config()},
        copied={TEXT_TOKENIZER: text_file, prompts.FILE: asked.source},
        bundle=bundle_json(
            about("motiongpt-t5", licence, rows.data), config, rows.facts(), ["torch"], asked, list(asked.tasks), said
        ),
    )


def _language_model(tensors: Mapping[str, torch.Tensor], shape: T5Shape) -> dict[str, torch.Tensor]:
    """T5's tensors, the tied ones once."""
    taken = manifest.take(tensors, shape.tensors())
    for name in TIED:
        if not torch.equal(taken.pop(name), taken["shared.weight"]):
            raise ValueError(f"tensor {name!r} differs from 'shared.weight', in T5 they are one")
    return taken | {name: _marks_first(taken[name], shape) for name in ROWS}


def _marks_first(rows: torch.Tensor, shape: T5Shape) -> torch.Tensor:
    """Rows of text, codes and marks in the order of our vocabulary: text, marks, codes."""
    text, codes, marks = rows.split([shape.text, shape.codes, shape.specials])
    return torch.cat([text, marks, codes])


def recognises(found: Mapping) -> bool:
    values = found.get(SECTION)
    return isinstance(values, Mapping) and any(str(name).startswith(LANGUAGE) for name in values)


KIND = Kind(
    8 * 2**30,
    convert,
    recognises,
    {
        "tokenizer": "a folder with the text tokenizer, which is not in the file: "
        "hf download google/flan-t5-base tokenizer.json --local-dir DIR"
    },
)
