"""The convolutional VQ-VAE of ``models.vqvae``: encoder to the nearest codes, decoder back to features."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...models.config import VQVAEConfig
from .layers import conv1d, conv_matrix


class MotionTokenizer:
    """``tensors``: as ``VQVAEConfig.tensors`` names them, float32; the names are those of ``models.vqvae``."""

    def __init__(self, config: VQVAEConfig, tensors: Mapping[str, np.ndarray]):
        self.config = config
        self._mean, self._std = tensors["mean"], tensors["std"]
        self._codebook = tensors["quantizer.codebook"]
        self._half_squares = 0.5 * np.square(self._codebook).sum(1)
        self._matrices = {
            name.removesuffix(".weight"): (conv_matrix(value), tensors[name.replace(".weight", ".bias")])
            for name, value in tensors.items()
            if value.ndim == 3
        }

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Codes (B, N) to features (B, N * frames a code, input_width) in their own units."""
        down = self.config.down
        x = _relu(self._conv("decoder.model.0", self._codebook[codes].transpose(2, 0, 1), padding=1))
        for i in range(2, 2 + down):
            x = self._residual(f"decoder.model.{i}.0", x)
            x = self._conv(f"decoder.model.{i}.2", np.repeat(x, 2, axis=-1), padding=1)
        x = _relu(self._conv(f"decoder.model.{2 + down}", x, padding=1))
        x = self._conv(f"decoder.model.{4 + down}", x, padding=1)
        return x.transpose(1, 2, 0) * self._std + self._mean

    def encode(self, features: np.ndarray) -> np.ndarray:
        """Features (B, T, input_width) in their own units to codes (B, T // frames a code)."""
        down = self.config.down
        x = ((features - self._mean) / self._std).transpose(2, 0, 1)
        x = _relu(self._conv("encoder.model.0", x, padding=1))
        for i in range(2, 2 + down):
            x = self._conv(f"encoder.model.{i}.0", x, padding=1, stride=2)
            x = self._residual(f"encoder.model.{i}.1", x)
        x = self._conv(f"encoder.model.{2 + down}", x, padding=1).transpose(1, 2, 0)
        if self.config.unit_codes:
            x = x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), np.float32(1e-12))
        return (x @ self._codebook.T - self._half_squares).argmax(-1)

    def _residual(self, name: str, x: np.ndarray) -> np.ndarray:
        for i, dilation in enumerate(self.config.dilations):
            inner = self._conv(f"{name}.model.{i}.conv1", np.maximum(x, 0), padding=dilation, dilation=dilation)
            x = x + self._conv(f"{name}.model.{i}.conv2", _relu(inner))
        return x

    def _conv(self, name: str, x: np.ndarray, **how: int) -> np.ndarray:
        return conv1d(x, *self._matrices[name], **how)


def _relu(x: np.ndarray) -> np.ndarray:
    """In place."""
    return np.maximum(x, 0, out=x)
