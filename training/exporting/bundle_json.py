"""What all bundles say of themselves in ``bundle.json``, whatever language model they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from backend.models.config import VQVAEConfig
from backend.motion.features.fingerprint import fingerprint
from backend.systems.prompts import Prompts
from backend.systems.vocabulary import TextTokens, Vocabulary
from training.tokenizer_eval import Tokenizer

META_FIELDS = ("name", "version", "licence", "training_data", "acknowledgement", "metrics")
"""what only the one who trained it can tell"""
CARD = "MODEL_CARD.md"


def check_meta(meta: Mapping, wanted: Sequence[str] = META_FIELDS) -> None:
    """ValueError names the fields that are missing."""
    missing = [field for field in wanted if field not in meta]
    if missing:
        raise ValueError(f"meta lacks {', '.join(missing)}; it needs {', '.join(wanted)}")


def bundle_json(
    meta: Mapping,
    motion: VQVAEConfig,
    features: Mapping,
    engines: Sequence[str] = ("numpy", "torch"),
    asked: Prompts | None = None,
    tasks: Sequence[str] = (),
    config: Mapping = MappingProxyType({}),
) -> dict:
    """All but its files. ``config`` holds what the language model adds to the tokenizer's, the
    vocabulary among it; a motion tokenizer alone has no prompts and no tasks. ValueError for tasks that the prompts
    have not."""
    unknown = [task for task in tasks if task not in asked.tasks]
    if unknown:
        raise ValueError(f"prompts {asked.name} {asked.version} have no task {', '.join(unknown)}")
    language = {} if asked is None else {"prompts": asked.to_config(), "sampling": meta.get("sampling", {}), **config}
    return {
        "name": meta["name"],
        "version": meta["version"],
        "system": _system(asked),
        "tasks": list(tasks),
        "engines": list(engines),
        "prompt_version": 0 if asked is None else asked.version,
        "config": {"motion_tokenizer": motion.to_dict(), **language},
        "features": dict(features),
        **{field: meta[field] for field in META_FIELDS[2:]},
    }


def _system(asked: Prompts | None) -> str:
    if asked is None:
        return "none"
    return "motiongpt" if asked.spelling == "digits" else "motiongpt2"


def features(tokenizer: Tokenizer) -> dict:
    """Which rows the motion tokenizer reads."""
    fps = tokenizer.codec.fps
    return {
        "codec": tokenizer.codec.name,
        "fps": fps.numerator if fps.denominator == 1 else float(fps),
        "fingerprint": fingerprint(tokenizer.mean, tokenizer.std),
    }


def text_tokenizer(file: Path, text: TextTokens) -> dict:
    """As ``bundle.json`` has it."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return {"sha256": digest, "bos": text.bos, "eos": text.eos, "pad": text.pad}


def check_streams(vocabulary: Vocabulary, tokenizer: Tokenizer) -> None:
    """ValueError where the language model was trained on other codes than the tokenizer's."""
    ours = tuple((stream, tokenizer.model.config.codes) for stream in tokenizer.model.config.streams)
    if vocabulary.streams and vocabulary.streams != ours:
        told = [", ".join(f"{count} of {name}" for name, count in streams) for streams in (vocabulary.streams, ours)]
        raise ValueError(f"the language model was trained on {told[0]} codes, the motion tokenizer has {told[1]}")
