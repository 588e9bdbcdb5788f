"""A small model of ours as a bundle: the motion tokenizer in fp16, the language model's matrices in int8 with a scale a
row, normalisation in fp32, the text tokenizer, the prompts, a model card.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.numpy import save as save_arrays
from safetensors.torch import save

from backend.bundles import Bundle, write
from backend.engines import files
from backend.engines.int8 import quantised
from backend.models.language_model import LanguageModel, LanguageModelConfig
from backend.systems import prompts
from backend.systems.vocabulary import OURS, SPECIALS
from training.tokenizer_eval import Tokenizer

from . import bundle_json
from .language_run import LanguageRun


def half(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """fp16 copies; ValueError names a tensor that fp16 cannot hold."""
    out = {}
    for name, value in tensors.items():
        out[name] = value.detach().to(torch.float16).contiguous()
        if not bool(torch.isfinite(out[name]).all()):
            raise ValueError(f"{name} has values that fp16 cannot hold (largest {float(value.abs().max()):g})")
    return out


def export(
    tokenizer: Tokenizer, run: LanguageRun, meta: Mapping, card: str, out: Path, replace: bool = False
) -> Bundle:
    """Write the bundle ``out``; ValueError where the parts do not fit together."""
    bundle_json.check_meta(meta)
    bundle_json.check_streams(run.vocabulary, tokenizer)
    _check_text(run)
    model = LanguageModel(LanguageModelConfig.from_dict(run.config["model"]))
    if (model.config.text_size, model.config.added) != (run.vocabulary.text_size, run.vocabulary.added):
        raise ValueError(
            f"{run.weights_file}: the network has {model.config.text_size} text tokens and {model.config.added} more, "
            f"the vocabulary {run.vocabulary.text_size} and {run.vocabulary.added}"
        )
    model.load_weights(run.weights)
    config = {
        "language_model": model.config.to_dict(),
        "vocabulary": run.vocabulary.to_dict(),
        "text_tokenizer": bundle_json.text_tokenizer(run.text_file, OURS),
    }
    said = bundle_json.bundle_json(
        meta, tokenizer.model.config, bundle_json.features(tokenizer), asked=run.prompts, tasks=run.tasks, config=config
    )
    normalised = {"mean": torch.from_numpy(tokenizer.mean), "std": torch.from_numpy(tokenizer.std)}
    weights = {name: value.numpy() for name, value in half(model.weights()).items()}
    contents = {
        files.MOTION_TOKENIZER: save(half(tokenizer.model.state_dict()) | normalised),
        files.LANGUAGE_MODEL: save_arrays(quantised(weights)),
        files.TEXT_TOKENIZER: run.text_file,
        prompts.FILE: run.prompts.source,
        bundle_json.CARD: card.encode(),
    }
    return write(out, said, contents, replace=replace)


def _check_text(run: LanguageRun) -> None:
    """ValueError unless the run's text tokenizer is one of ours and that of its vocabulary."""
    text = run.text
    if [text.token_to_id(token) for token in SPECIALS] != list(range(len(SPECIALS))):
        raise ValueError(f"{run.text_file}: the first ids must be {', '.join(SPECIALS)}")
    if text.get_vocab_size() != run.vocabulary.text_size:
        raise ValueError(
            f"{run.text_file} has {text.get_vocab_size()} tokens, the language model was trained with "
            f"{run.vocabulary.text_size}"
        )
