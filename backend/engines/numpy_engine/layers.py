"""The few operations that the networks are made of, as functions of float32 arrays.

Activations have their features first, (features, ...): a weight (out, in) times a few columns takes half the time that
a few rows take times its transpose, and what comes after stays contiguous. Convolutions see ``conv_matrix``.
"""

from __future__ import annotations

import numpy as np


def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """(in, ...) to (out, ...)."""
    out = weight @ x.reshape(len(x), -1)
    out += bias[:, None]
    return out.reshape(-1, *x.shape[1:])


def layer_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, epsilon: float = 1e-5) -> np.ndarray:
    """Over the features (n, C) of every column."""
    size = np.float32(len(x))
    out = x - np.add.reduce(x, 0) / size
    variance = np.add.reduce(out * out, 0) / size
    out /= np.sqrt(variance + np.float32(epsilon))
    out *= weight[:, None]
    out += bias[:, None]
    return out


def gelu_tanh(x: np.ndarray) -> np.ndarray:
    """GPT-2's approximation of x * Phi(x)."""
    inner = x * x
    inner *= np.float32(0.044715)
    inner += np.float32(1.0)
    inner *= x
    inner *= np.float32((2.0 / np.pi) ** 0.5)
    np.tanh(inner, out=inner)
    inner += np.float32(1.0)
    inner *= x
    inner *= np.float32(0.5)
    return inner


def softmax(x: np.ndarray) -> np.ndarray:
    """Over the last dimension, in place; -inf gets nothing. At least one value of every row must be finite."""
    x -= np.maximum.reduce(x, -1, keepdims=True)
    np.exp(x, out=x)
    x /= np.add.reduce(x, -1, keepdims=True)
    return x


def conv_matrix(weight: np.ndarray) -> np.ndarray:
    """A convolution's weight as it is stored, (out, in, taps), as the matrix (out, taps x in) of ``conv1d``."""
    return np.ascontiguousarray(weight.transpose(0, 2, 1).reshape(len(weight), -1))


def conv1d(
    x: np.ndarray, matrix: np.ndarray, bias: np.ndarray, padding: int = 0, stride: int = 1, dilation: int = 1
) -> np.ndarray:
    """(in, B, T) to (out, B, T'), zeros beyond the ends; ``matrix`` as ``conv_matrix`` makes it."""
    width, batch, frames = x.shape
    taps = matrix.shape[1] // width
    if taps > 1:
        padded = np.zeros((width, batch, frames + 2 * padding), np.float32)
        padded[..., padding : padding + frames] = x
        out = (padded.shape[-1] - dilation * (taps - 1) - 1) // stride + 1
        span = stride * (out - 1) + 1
        # the taps on top of each other make one big product of all small ones
        x = np.concatenate([padded[..., i * dilation : i * dilation + span : stride] for i in range(taps)])
    return linear(x, matrix, bias)
