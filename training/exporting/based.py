"""A language model on a base of others as a bundle: what was trained on top of it in PEFT's format, or all of it.

The files of the run are copied as they are; who generates with an adapter brings the base along.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save

from backend.bundles import Bundle, write
from backend.engines import files
from backend.engines.base_model import BaseModel
from backend.engines.hugging_face.text import SETTINGS, control_tokens
from backend.systems import prompts
from training.language.stage import WHOLE
from training.tokenizer_eval import Tokenizer

from . import bundle_json
from .language_run import LanguageRun

BASE_LICENCE = "base_licence"
"""what meta tells beside ``bundle_json.META_FIELDS``"""


def export(
    tokenizer: Tokenizer,
    run: LanguageRun,
    meta: Mapping,
    card: str,
    out: Path,
    replace: bool = False,
    whole: bool = False,
) -> Bundle:
    """Write the bundle ``out``; ValueError where the parts do not fit together. ``whole``: take the model that the run
    wrote at its end, the base with all that was learnt in it."""
    bundle_json.check_meta(meta, (*bundle_json.META_FIELDS, BASE_LICENCE))
    bundle_json.check_streams(run.vocabulary, tokenizer)
    base = BaseModel.from_dict(run.base)
    if base.rows != run.vocabulary.text_size:
        raise ValueError(f"the base has {base.rows} tokens, the run's vocabulary counts {run.vocabulary.text_size}")
    config = {
        "base_model": base.to_dict(),
        "vocabulary": run.vocabulary.to_dict(),
        "text_tokenizer": bundle_json.text_tokenizer(run.text_file, control_tokens(run.text_file.parent)),
    }
    said = bundle_json.bundle_json(
        meta | {"licence": f"{meta['licence']}; base model {base.title}: {meta[BASE_LICENCE]}"},
        tokenizer.model.config,
        bundle_json.features(tokenizer),
        ["torch"],
        run.prompts,
        run.tasks,
        config,
    )
    normalised = {"mean": torch.from_numpy(tokenizer.mean), "std": torch.from_numpy(tokenizer.std)}
    contents = {
        files.MOTION_TOKENIZER: save(tokenizer.model.state_dict() | normalised),
        prompts.FILE: run.prompts.source,
        bundle_json.CARD: card.encode(),
    }
    return write(out, said, contents | (_whole(run) if whole else _trained(run)), replace=replace)


def _trained(run: LanguageRun) -> dict[str, Path]:
    """Its files in the bundle, and where they lie; ValueError where the run kept neither an adapter nor a model."""
    folder = run.weights_file.parent
    if (folder / files.ADAPTER_CONFIG).is_file():
        return {files.ADAPTER: run.weights_file, files.ADAPTER_CONFIG: folder / files.ADAPTER_CONFIG}
    if (folder / files.WHOLE_CONFIG).is_file():
        model = {files.WHOLE: run.weights_file, files.WHOLE_CONFIG: folder / files.WHOLE_CONFIG}
        return model | {files.TEXT_TOKENIZER: run.text_file, SETTINGS: run.text_file.with_name(SETTINGS)}
    raise ValueError(f"{folder} has neither {files.ADAPTER_CONFIG} nor {files.WHOLE_CONFIG} beside its weights")


def _whole(run: LanguageRun) -> dict[str, Path]:
    """The same of the model that the run wrote at its end."""
    folder = run.text_file.parent / WHOLE
    if not (folder / files.WHOLE).is_file():
        raise ValueError(f"there is no {folder / files.WHOLE}: the run was not told to 'save_whole', or has not ended")
    return {name: folder / name for name in (files.WHOLE, files.WHOLE_CONFIG, files.TEXT_TOKENIZER, SETTINGS)}
