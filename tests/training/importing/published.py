"""Checkpoints in the layouts that papers.md describes, without what makes them large."""

import math
from contextlib import contextmanager
from functools import partial

import pytest
import torch

from backend.models.config import VQVAEConfig
from training.importing import tokenizer as importing


def sparse_storage(shape) -> torch.Tensor:
    """Small numbers of that shape over one stored row: a file of megabytes is made and written in no time."""
    row = torch.linspace(-0.05, 0.05, shape[-1])
    return row.expand(shape)


def tokenizer(width=263, prefix="vqvae.", fill=sparse_storage, channels=512) -> dict[str, torch.Tensor]:
    """papers.md 2.2: 67 entries. With other ``channels`` than the published ones: see ``narrow``."""
    c = channels
    layers = {"encoder.model.0": (c, width, 3), "encoder.model.4": (c, c, 3)}
    layers |= {"decoder.model.0": (c, c, 3), "decoder.model.4": (c, c, 3), "decoder.model.6": (width, c, 3)}
    for stage in (2, 3):
        layers[f"encoder.model.{stage}.0"] = (c, c, 4)
        layers[f"decoder.model.{stage}.2"] = (c, c, 3)
        for block in range(3):
            for part in (f"encoder.model.{stage}.1", f"decoder.model.{stage}.0"):
                layers[f"{part}.model.{block}.conv1"] = (c, c, 3)
                layers[f"{part}.model.{block}.conv2"] = (c, c, 1)
    shapes = {f"{name}.weight": shape for name, shape in layers.items()}
    shapes |= {f"{name}.bias": shape[:1] for name, shape in layers.items()}
    shapes["quantizer.codebook"] = (512, c)
    return {prefix + name: fill(shape) for name, shape in shapes.items()}


NARROW = 8


@contextmanager
def narrow():
    """While it lasts, imports want tokenizers of NARROW channels, which are written in no time."""
    small = partial(VQVAEConfig, width=NARROW, code_width=NARROW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "VQVAEConfig", small)
        yield


def random(shape) -> torch.Tensor:
    """Numbers as layers begin with."""
    return torch.randn(shape) / math.sqrt(math.prod(shape[1:]) or 1)


EVALUATOR = {
    "text_encoder": {
        "hidden": (2, 1, 512),
        "pos_emb.weight": (300, 15), "pos_emb.bias": (300,),
        "input_emb.weight": (512, 300), "input_emb.bias": (512,),
        "gru.weight_ih_l0": (1536, 512), "gru.weight_hh_l0": (1536, 512),
        "gru.bias_ih_l0": (1536,), "gru.bias_hh_l0": (1536,),
        "gru.weight_ih_l0_reverse": (1536, 512), "gru.weight_hh_l0_reverse": (1536, 512),
        "gru.bias_ih_l0_reverse": (1536,), "gru.bias_hh_l0_reverse": (1536,),
        "output_net.0.weight": (512, 1024), "output_net.0.bias": (512,),
        "output_net.1.weight": (512,), "output_net.1.bias": (512,),
        "output_net.3.weight": (512, 512), "output_net.3.bias": (512,),
    },
    "movement_encoder": {
        "main.0.weight": (512, 259, 4), "main.0.bias": (512,),
        "main.3.weight": (512, 512, 4), "main.3.bias": (512,),
        "out_net.weight": (512, 512), "out_net.bias": (512,),
    },
    "motion_encoder": {
        "hidden": (2, 1, 1024),
        "input_emb.weight": (1024, 512), "input_emb.bias": (1024,),
        "gru.weight_ih_l0": (3072, 1024), "gru.weight_hh_l0": (3072, 1024),
        "gru.bias_ih_l0": (3072,), "gru.bias_hh_l0": (3072,),
        "gru.weight_ih_l0_reverse": (3072, 1024), "gru.weight_hh_l0_reverse": (3072, 1024),
        "gru.bias_ih_l0_reverse": (3072,), "gru.bias_hh_l0_reverse": (3072,),
        "output_net.0.weight": (1024, 2048), "output_net.0.bias": (1024,),
        "output_net.1.weight": (1024,), "output_net.1.bias": (1024,),
        "output_net.3.weight": (512, 1024), "output_net.3.bias": (512,),
    },
}  # fmt: skip
"""papers.md 6.1, for HumanML3D"""


def evaluator(fill=sparse_storage, width=263) -> dict:
    """With what the trainer leaves beside the networks."""
    parts = {part: {name: fill(shape) for name, shape in shapes.items()} for part, shapes in EVALUATOR.items()}
    parts["movement_encoder"]["main.0.weight"] = fill((512, width - 4, 4))
    optimiser = {"state": {0: {"step": 3, "exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 1e-4, "params": [0]}]}
    return parts | {"opt_motion_encoder": optimiser, "epoch": 42, "iter": 1000}
