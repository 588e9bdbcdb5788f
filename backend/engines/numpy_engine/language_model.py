"""GPT-2's transformer (pre-norm blocks, learned positions, tied output) that reads on from what its cache holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...models.config import LanguageModelConfig
from ..batching import check_allowed, neighbours
from .cache import Cache
from .layers import gelu_tanh, layer_norm, linear, softmax


@dataclass(frozen=True)
class _Pair:
    """Weight and bias of a layer norm or a linear layer."""

    weight: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class _Layer:
    norm_1: _Pair
    attention: _Pair
    """to queries, keys and values side by side, the queries already scaled"""
    output: _Pair
    norm_2: _Pair
    wide: _Pair
    narrow: _Pair


class LanguageModel:
    """``tensors``: as ``LanguageModelConfig.tensors`` names them, float32."""

    def __init__(self, config: LanguageModelConfig, tensors: Mapping[str, np.ndarray]):
        self.config = config

        def pair(name: str) -> _Pair:
            weight, bias = (tensors[f"gpt.transformer.{name}.{part}"] for part in ("weight", "bias"))
            return _Pair(np.ascontiguousarray(weight.T), bias)  # GPT-2 keeps (in, out)

        def attention(name: str) -> _Pair:
            # scaling the queries' weights once saves scaling the scores of every step
            factor = np.ones((3 * config.width, 1), np.float32)
            factor[: config.width] = (config.width // config.heads) ** -0.5
            both = pair(name)
            return _Pair(both.weight * factor, both.bias * factor[:, 0])

        self._layers = [
            _Layer(
                pair(f"h.{i}.ln_1"), attention(f"h.{i}.attn.c_attn"), pair(f"h.{i}.attn.c_proj"),
                pair(f"h.{i}.ln_2"), pair(f"h.{i}.mlp.c_fc"), pair(f"h.{i}.mlp.c_proj"),
            )
            for i in range(config.layers)
        ]  # fmt: skip
        self._norm = pair("ln_f")
        self._tokens = tensors["gpt.transformer.wte.weight"]
        self._places = tensors["gpt.transformer.wpe.weight"]

    def head(self, allowed: np.ndarray) -> np.ndarray:
        """The rows (n, width) of the output layer that give the logits of the tokens ``allowed`` (n,)."""
        check_allowed(allowed, len(self._tokens))
        return self._tokens[neighbours(allowed) or allowed]

    def extend(self, tokens: np.ndarray, places: np.ndarray, cache: Cache, head: np.ndarray) -> np.ndarray:
        """Append tokens (B, n) at ``places`` (B, n), -1 where a row is padded, to ``cache`` and return the logits
        (B, rows of ``head``) after the last of them."""
        cache.append(np.where(places < 0, np.float32(-np.inf), np.float32(0.0)))
        visible = _visible(cache, tokens.shape[1])
        x = (self._tokens[tokens] + self._places[np.maximum(places, 0)]).transpose(2, 0, 1).copy()  # (width, B, n)
        x = x.reshape(self.config.width, -1)
        for layer, kept in zip(self._layers, cache.layers):
            x += self._attend(layer, x, kept, cache.length, visible)
            inner = layer_norm(x, layer.norm_2.weight, layer.norm_2.bias)
            inner = gelu_tanh(linear(inner, layer.wide.weight, layer.wide.bias))
            x += linear(inner, layer.narrow.weight, layer.narrow.bias)
        last = x.reshape(self.config.width, *tokens.shape)[:, :, -1]
        return (head @ layer_norm(last, self._norm.weight, self._norm.bias)).T

    def _attend(self, layer: _Layer, x: np.ndarray, kept: list[np.ndarray], end: int, visible: np.ndarray):
        """Every token looks at itself and what came before it; (width, B n) to the same."""
        rows, heads = len(visible), self.config.heads
        x = layer_norm(x, layer.norm_1.weight, layer.norm_1.bias)
        x = linear(x, layer.attention.weight, layer.attention.bias)
        queries, *new = x.reshape(3, heads, len(x) // (3 * heads), rows, -1).transpose(
            0, 3, 1, 4, 2
        )  # (B, heads, n, d)
        for place, values in zip(kept, new):
            place[:, :, end - values.shape[2] : end] = values
        keys, values = (place[:, :, :end] for place in kept)
        scores = queries @ keys.swapaxes(-1, -2)  # (B, heads, n, end)
        scores += visible
        mixed = (softmax(scores) @ values).transpose(1, 3, 0, 2)  # (heads, d, B, n)
        return linear(mixed.reshape(self.config.width, -1), layer.output.weight, layer.output.bias)


def _visible(cache: Cache, n: int) -> np.ndarray:
    """What is added to the scores (B, 1, n, length) of the last ``n`` tokens: -inf hides padding and the future."""
    hidden = cache.hidden[:, None, None, : cache.length]
    if n == 1:
        return hidden
    future = np.triu(np.full((n, n), -np.inf, np.float32), 1)
    before = cache.length - n
    mask = np.concatenate([np.zeros((n, before), np.float32), future], axis=1) + hidden
    # a padded token sees itself: nobody reads it, but a row of -inf alone would become NaN
    mask[:, :, np.arange(n), before + np.arange(n)] = 0.0
    return mask
