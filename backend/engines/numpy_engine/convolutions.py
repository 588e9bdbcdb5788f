"""The convolutional halves of a motion tokenizer, by the names of their layers in the weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...models.config import VQVAEConfig
from .layers import conv1d, conv_matrix


class Convolutions:
    """Every convolution among ``tensors``. Activations are (features, B, T)."""

    def __init__(self, config: VQVAEConfig, tensors: Mapping[str, np.ndarray]):
        self._down, self._dilations = config.down, config.dilations
        self._matrices = {
            name.removesuffix(".weight"): (conv_matrix(value), tensors[name.replace(".weight", ".bias")])
            for name, value in tensors.items()
            if value.ndim == 3
        }

    def encoded(self, name: str, x: np.ndarray) -> np.ndarray:
        """Features (width, B, T) through the encoder ``name`` to (code_width, B, T // frames a code)."""
        down = self._down
        x = _relu(self.conv(f"{name}.model.0", x, padding=1))
        for i in range(2, 2 + down):
            x = self.conv(f"{name}.model.{i}.0", x, padding=1, stride=2)
            x = self._residual(f"{name}.model.{i}.1", x)
        return self.conv(f"{name}.model.{2 + down}", x, padding=1)

    def decoded(self, name: str, x: np.ndarray) -> np.ndarray:
        """Code vectors (code_width, B, N) through the decoder ``name`` to (width, B, N * frames a code)."""
        down = self._down
        x = _relu(self.conv(f"{name}.model.0", x, padding=1))
        for i in range(2, 2 + down):
            x = self._residual(f"{name}.model.{i}.0", x)
            x = self.conv(f"{name}.model.{i}.2", np.repeat(x, 2, axis=-1), padding=1)
        x = _relu(self.conv(f"{name}.model.{2 + down}", x, padding=1))
        return self.conv(f"{name}.model.{4 + down}", x, padding=1)

    def conv(self, name: str, x: np.ndarray, **how: int) -> np.ndarray:
        return conv1d(x, *self._matrices[name], **how)

    def _residual(self, name: str, x: np.ndarray) -> np.ndarray:
        for i, dilation in enumerate(self._dilations):
            inner = self.conv(f"{name}.model.{i}.conv1", np.maximum(x, 0), padding=dilation, dilation=dilation)
            x = x + self.conv(f"{name}.model.{i}.conv2", _relu(inner))
        return x


def _relu(x: np.ndarray) -> np.ndarray:
    """In place."""
    return np.maximum(x, 0, out=x)
