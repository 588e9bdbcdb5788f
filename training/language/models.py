"""The networks that are trained. All have one face:

network(batch)    logits (n, size) at the n places of a batch that have a target, row after row; a vocabulary of 128k
                  would fill the memory at all of them
network.identity  what a saved run must have in common with the one that goes on with it
network.two_sided whether an encoder reads the prompt, so that the answer alone is learnt
network.blocks    the modules that are sharded one by one
network.named(w)  trained weights under the names that they are kept by
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from backend.models.config import LanguageModelConfig
from backend.models.language_model import LanguageModel

from .examples import IGNORED, Batch


class Small(nn.Module):
    """Our own small decoder, all of whose weights are trained."""

    def __init__(self, config: LanguageModelConfig):
        super().__init__()
        self.config, self.language = config, LanguageModel(config)

    def forward(self, batch: Batch) -> torch.Tensor:
        hidden = self.language.hidden(batch.ids)
        return self.language.logits(hidden[batch.targets != IGNORED])

    base = None
    two_sided = False
    settings: dict[str, bytes] = {}

    @property
    def longest(self) -> int:
        return self.config.positions

    @property
    def identity(self) -> dict:
        return self.config.to_dict()

    @property
    def blocks(self) -> list[nn.Module]:
        return list(self.language.gpt.transformer.h)

    def named(self, weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """As ``LanguageModel.weights`` has them."""
        names = self.language.weights()
        return {name: weights[f"language.{name}"] for name in names}

    def take(self, kept: Mapping[str, torch.Tensor]) -> None:
        """The weights that ``named`` gave; RuntimeError where they are of another shape."""
        self.language.load_weights(kept)
