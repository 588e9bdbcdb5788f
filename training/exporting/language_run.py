"""The folder that a language run leaves: ``weights.safetensors`` and ``weights.json`` (there or in its ``best/``),
``tokenizer.json`` and ``prompts.json``. Read here and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from backend.engines.files import TEXT_TOKENIZER
from backend.systems import prompts
from backend.systems.prompts import Prompts
from backend.systems.vocabulary import Vocabulary
from training import checkpoint

BEST = "best"


@dataclass(frozen=True, eq=False)
class LanguageRun:
    """What was trained, and how it is asked."""

    weights_file: Path
    """of a small model its weights, of a base what was trained on top of it, or all of it"""
    config: Mapping
    """of the run; the network's under "model" """
    vocabulary: Vocabulary
    prompts: Prompts
    tasks: tuple[str, ...]
    """that it was trained on"""
    base: Mapping | None
    """the base's id, revision and fingerprint; None for a small model of ours"""
    text_file: Path
    """tokenizer.json"""

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        return load_file(self.weights_file)

    @property
    def text(self) -> Tokenizer:
        return Tokenizer.from_file(str(self.text_file))


def read(folder: Path) -> LanguageRun:
    """ValueError or OSError says what the folder lacks or which parts were not trained together."""
    folder = Path(folder)
    meta = json.loads((folder / checkpoint.META).read_text(encoding="utf-8"))
    missing = [name for name in ("config", "vocabulary", "prompts", "tasks") if name not in meta]
    if missing:
        raise ValueError(f"{folder / checkpoint.META} lacks {', '.join(missing)}: it is no run of a language model")
    asked = prompts.from_bytes(_beside(folder, prompts.FILE).read_bytes())
    if asked.to_config() != meta["prompts"]:
        raise ValueError(
            f"{_beside(folder, prompts.FILE)} is {asked.name} {asked.version} ({asked.fingerprint[:8]}), the run was "
            f"trained with {meta['prompts']}; put that file back"
        )
    return LanguageRun(
        folder / checkpoint.WEIGHTS,
        meta["config"],
        Vocabulary.from_dict(meta["vocabulary"]),
        asked,
        tuple(meta["tasks"]),
        meta.get("base"),
        _beside(folder, TEXT_TOKENIZER),
    )


def _beside(folder: Path, name: str) -> Path:
    """A file of the run, which its ``best/`` shares."""
    path = folder / name
    if not path.is_file() and folder.name == BEST:
        path = folder.parent / name
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no {name}; name the folder of a run, or its {BEST}/")
    return path
