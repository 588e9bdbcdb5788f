"""One token a row through any Hugging Face decoder: the model's own forward with a static cache."""

from __future__ import annotations

import torch
from torch import nn
from transformers import Cache, DynamicCache, StaticLayer

from .cache import copy_into


class ModelStep:
    """``model`` is one of ``head.restricted``. Takes part in a CUDA graph: nothing in it moves or waits."""

    def __init__(self, model: nn.Module, batch: int, capacity: int):
        self._model, self._batch, self._capacity = model, batch, capacity
        config = model.config.get_text_config(decoder=True)
        self._cache = Cache(layers=[StaticLayer(capacity) for _ in range(config.num_hidden_layers)])

    def fill(self, past: DynamicCache, rows: torch.Tensor) -> None:
        """Begin with what ``past`` holds, row ``rows[i]`` of it for take ``i``."""
        for layer, before in zip(self._cache.layers, past.layers):
            if not layer.is_initialized:
                layer.lazy_initialization(before.keys[rows], before.values[rows])
            copy_into(layer.keys, before.keys, rows)
            copy_into(layer.values, before.values, rows)
            layer.cumulative_length.fill_(before.keys.shape[2])

    def __call__(
        self, tokens: torch.Tensor, positions: torch.Tensor, place: torch.Tensor, seen: torch.Tensor
    ) -> torch.Tensor:
        """Tokens (B,) at their positions (B,) into the cache at ``place`` (1,), which the cache counts itself; ``seen``
        (B, 1, 1, S) is 0 where a row may look and -inf elsewhere -> logits (B, n)."""
        out = self._model(
            input_ids=tokens[:, None],
            position_ids=positions[:, None],
            attention_mask=seen,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        return out.logits[:, -1]
