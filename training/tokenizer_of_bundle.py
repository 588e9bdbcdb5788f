"""The motion tokenizer in a bundle (an imported one, for one), to measure it or to build on it."""

from __future__ import annotations

from pathlib import Path

import torch

from backend import bundles
from backend.engines import tensor_file
from backend.engines.files import MOTION_TOKENIZER
from backend.engines.fitting import check_normalisation
from backend.models.config import tokenizer_config
from backend.models.part_vqvae import motion_tokenizer
from backend.motion.features.codec import codec
from training.tokenizer_eval import Tokenizer


def is_bundle(folder: Path) -> bool:
    return (Path(folder) / bundles.MANIFEST).is_file()


def load(folder: Path) -> Tokenizer:
    """ValueError names what does not fit."""
    bundle = bundles.load(folder)
    config = tokenizer_config(bundle.config.get("motion_tokenizer"))
    arrays = tensor_file.read(bundle.file(MOTION_TOKENIZER), config.tensors())
    mean, std = arrays.pop("mean"), arrays.pop("std")
    check_normalisation(bundle, mean, std)
    model = motion_tokenizer(config)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
    return Tokenizer(model.eval(), mean, std, codec(bundle.features.get("codec")))
