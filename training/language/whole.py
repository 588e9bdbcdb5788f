"""A base with what was learnt on top of it as a base of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from backend.engines import base_model
from backend.engines.base_model import BaseModel
from backend.engines.files import TEXT_TOKENIZER
from backend.engines.hugging_face.text import SETTINGS
from training import checkpoint
from training.data.whole_folder import written_whole

from .hugging_face import OnBase
from .lora import LoRA
from .quiet import quiet


def write(run: Path, folder: Path, out: Path) -> None:
    """The base in ``folder`` with what ``run`` trained, all weights in the folder ``out``, which is replaced where it
    is there. ValueError where the run stands on another base."""
    tensors, meta = checkpoint.load_weights(run)
    about, network = BaseModel.from_dict(meta["base"]), meta["network"]
    if base_model.describe(folder).fingerprint != about.fingerprint:
        raise ValueError(f"{run} was trained on {about.title}, {folder} holds another model")
    lora = LoRA(**network["lora"]) if network["lora"] else None
    trained = OnBase(folder, about, network["added"], lora, half=False)
    trained.take(tensors)
    with written_whole(out) as new, quiet():
        (trained.model.merge_and_unload() if lora else trained.model).save_pretrained(new)
        for name in (TEXT_TOKENIZER, SETTINGS):
            shutil.copyfile(folder / name, new / name)
