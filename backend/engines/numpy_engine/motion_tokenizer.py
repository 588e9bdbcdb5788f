"""The motion tokenizers of ``models.vqvae`` and ``models.part_vqvae``: encoders to the nearest codes of each stream,
and one decoder back to features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...models.config import FOLLOWING, PartVQVAEConfig, VQVAEConfig
from .convolutions import Convolutions


@dataclass(frozen=True)
class _Stream:
    """One of the things that a frame's codes stand for."""

    columns: np.ndarray | slice
    """the features that it encodes"""
    encoder: str
    """how its encoder's layers are named"""
    codebook: np.ndarray
    half_squares: np.ndarray
    unit: bool

    @classmethod
    def of(cls, columns, encoder: str, codebook: np.ndarray, unit: bool) -> _Stream:
        return cls(columns, encoder, codebook, 0.5 * np.square(codebook).sum(1), unit)

    def nearest(self, x: np.ndarray) -> np.ndarray:
        """Encoder outputs (code_width, B, N) to the codes (B, N) next to them."""
        x = x.transpose(1, 2, 0)
        if self.unit:
            x = x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), np.float32(1e-12))
        return (x @ self.codebook.T - self.half_squares).argmax(-1)

    def vectors(self, codes: np.ndarray) -> np.ndarray:
        """Codes (B, N) to their vectors (code_width, B, N)."""
        return self.codebook[codes].transpose(2, 0, 1)


class MotionTokenizer:
    """``tensors``: as ``config.tensors`` names them, float32; the names are those of the networks in torch."""

    def __init__(self, config: VQVAEConfig, tensors: Mapping[str, np.ndarray]):
        self.config = config
        self._mean, self._std = tensors["mean"], tensors["std"]
        self._layers = Convolutions(config, tensors)
        unit = config.unit_codes
        if isinstance(config, PartVQVAEConfig):
            self._streams = {
                name: _Stream.of(columns, f"encoders.{name}", tensors[f"quantizers.{name}.codebook"], unit)
                for name, columns in config.columns().items()
            }
            self._following = FOLLOWING[config.order]
        else:
            self._streams = {"motion": _Stream.of(slice(None), "encoder", tensors["quantizer.codebook"], unit)}
            self._following = {}

    def decode(self, *codes: np.ndarray) -> np.ndarray:
        """Codes (B, N) of each stream to features (B, N * frames a code, input_width) in their own units."""
        if len(codes) != len(self._streams):
            raise ValueError(f"the codes of {', '.join(self._streams)} are decoded together, got {len(codes)}")
        vectors = [stream.vectors(its) for stream, its in zip(self._streams.values(), codes)]
        x = vectors[0] if len(vectors) == 1 else self._layers.conv("merge", np.concatenate(vectors))
        return self._layers.decoded("decoder", x).transpose(1, 2, 0) * self._std + self._mean

    def encode(self, features: np.ndarray) -> tuple[np.ndarray, ...]:
        """Features (B, T, input_width) in their own units to codes (B, T // frames a code) of each stream."""
        x = ((features - self._mean) / self._std).transpose(2, 0, 1)
        hidden = {name: self._layers.encoded(s.encoder, x[s.columns]) for name, s in self._streams.items()}
        fused = {name: self._fused(name, hidden) for name in self._streams}
        return tuple(self._streams[name].nearest(fused[name]) for name in self._streams)

    def _fused(self, name: str, hidden: Mapping[str, np.ndarray]) -> np.ndarray:
        """A stream's encoder outputs (code_width, B, N); where it follows the other, that one's codes are in them."""
        out, where = hidden[name], self._following.get(name)
        if where is None:
            return out
        (first,) = (other for other in self._streams if other != name)
        lead = self._streams[first].vectors(self._streams[first].nearest(hidden[first][..., where]))
        out = out.copy()
        out[..., where] = self._layers.conv(f"fusions.{name}", np.concatenate([out[..., where], lead]))
        return out
