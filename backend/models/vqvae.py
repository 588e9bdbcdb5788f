"""The motion tokenizer: a convolutional VQ-VAE of the T2M-GPT type (papers.md section 2).

Choices: no norm layers; dilations given in execution order, the same in encoder and decoder; the codebook is learnt by
exponential averages (no gradient) and a code that falls out of use is replaced by an encoder output. With the default
configuration the parameter names and shapes are those of the published files.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .config import VQVAEConfig


class ResidualBlock(nn.Module):
    def __init__(self, width: int, dilation: int):
        super().__init__()
        self.conv1 = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.conv2 = nn.Conv1d(width, width, 1)

    def forward(self, x):
        return x + self.conv2(F.relu(self.conv1(F.relu(x))))


class ResidualStage(nn.Module):
    def __init__(self, width: int, dilations: tuple[int, ...]):
        super().__init__()
        self.model = nn.Sequential(*[ResidualBlock(width, d) for d in dilations])

    def forward(self, x):
        return self.model(x)


class Encoder(nn.Module):
    """(B, input_width, T) to (B, code_width, T / 2**down)."""

    def __init__(self, c: VQVAEConfig):
        super().__init__()
        layers = [nn.Conv1d(c.input_width, c.width, 3, padding=1), nn.ReLU()]
        for _ in range(c.down):
            halve = nn.Conv1d(c.width, c.width, 4, stride=2, padding=1)
            layers.append(nn.Sequential(halve, ResidualStage(c.width, c.dilations)))
        layers.append(nn.Conv1d(c.width, c.code_width, 3, padding=1))
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x)


class Decoder(nn.Module):
    """(B, code_width, N) to (B, input_width, N * 2**down)."""

    def __init__(self, c: VQVAEConfig):
        super().__init__()
        layers = [nn.Conv1d(c.code_width, c.width, 3, padding=1), nn.ReLU()]
        for _ in range(c.down):
            double = nn.Upsample(scale_factor=2, mode="nearest")
            mix = nn.Conv1d(c.width, c.width, 3, padding=1)
            layers.append(nn.Sequential(ResidualStage(c.width, c.dilations), double, mix))
        layers += [nn.Conv1d(c.width, c.width, 3, padding=1), nn.ReLU()]
        layers.append(nn.Conv1d(c.width, c.input_width, 3, padding=1))
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x)


class Quantizer(nn.Module):
    """Nearest code; in training mode it also moves the codebook. Sums and counts stay out of the weights file, as in
    the published ones: ``averages`` hands them to a training checkpoint."""

    def __init__(self, c: VQVAEConfig):
        super().__init__()
        self.config = c
        self.register_buffer("codebook", torch.zeros(c.codes, c.code_width))
        self.register_buffer("sums", torch.zeros(c.codes, c.code_width), persistent=False)
        self.register_buffer("counts", torch.zeros(c.codes), persistent=False)

    def nearest(self, x: torch.Tensor) -> torch.Tensor:
        """(M, code_width) to (M,) indices of the nearest codes."""
        scores = torch.addmm(-0.5 * self.codebook.square().sum(1), x, self.codebook.t())
        return scores.argmax(1)

    def lookup(self, codes: torch.Tensor) -> torch.Tensor:
        return F.embedding(codes, self.codebook)

    def scaled(self, x: torch.Tensor) -> torch.Tensor:
        """Encoder outputs (..., code_width) as they are compared with codes."""
        return F.normalize(x, dim=-1) if self.config.unit_codes else x

    def glance(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """``x`` (M, code_width) quantised as ``forward`` will do it, the codebook left where it is; in training a new
        one starts here, from the rows under ``mask``."""
        x = self.scaled(x)
        self._start_if_new(x, mask)
        return _straight_through(x, self.lookup(self.nearest(x.detach())))

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None):
        """``x`` (M, code_width) float32, ``mask`` (M,) bool of rows that count -> quantised (M, code_width) with the
        gradient passed straight through, codes (M,), commitment loss (scalar)."""
        x = self.scaled(x)
        if mask is None:
            mask = torch.ones(len(x), dtype=torch.bool, device=x.device)
        self._start_if_new(x, mask)
        codes = self.nearest(x.detach())
        quantised = self.lookup(codes)
        if self.training:
            self._move(x.detach()[mask], codes[mask])
        if self.config.robust_commitment:
            # squared near the code, linear far from it: a few windows that the codebook cannot follow (spins) would
            # else outweigh all others and drive the encoder apart (seen: 10^6 times the usual loss)
            distance = 2 * F.huber_loss(x, quantised, reduction="none").mean(-1)
        else:
            distance = F.mse_loss(x, quantised, reduction="none").mean(-1)
        commitment = (distance * mask).sum() / mask.sum().clamp(min=1)
        return _straight_through(x, quantised), codes, commitment

    def _start_if_new(self, x: torch.Tensor, mask: torch.Tensor | None) -> None:
        if self.training and not bool(self.counts.any()):
            x = x.detach()
            self._start(x if mask is None else x[mask])

    def _candidates(self, x: torch.Tensor) -> torch.Tensor:
        """As many rows as there are codes, drawn from ``x``; repeated with a little noise where there are too few."""
        n = self.config.codes
        if len(x) < n:
            x = x.repeat((n + len(x) - 1) // len(x), 1)
            x = x + torch.randn_like(x) * (0.01 / self.config.code_width**0.5)
        return x[torch.randperm(len(x), device=x.device)[:n]]

    def _start(self, x):
        if len(x):
            self.codebook.copy_(self._candidates(x))
            self.sums.copy_(self.codebook)
            self.counts.fill_(1.0)

    def _move(self, x, codes):
        if not len(x):
            return
        c = self.config
        counts = torch.bincount(codes, minlength=c.codes).to(x.dtype)
        sums = torch.zeros_like(self.sums).index_add_(0, codes, x)
        self.counts.mul_(c.decay).add_(counts, alpha=1 - c.decay)
        self.sums.mul_(c.decay).add_(sums, alpha=1 - c.decay)
        means = self.sums / self.counts.clamp(min=1e-6)[:, None]
        if c.unit_codes:
            means = F.normalize(means, dim=-1)
        dead = self.counts < c.reset_below
        if c.reset_below > 0 and bool(dead.any()):
            fresh = self._candidates(x)[dead]
            means[dead] = fresh
            # averages follow the new vector, or the next step would pull the code back to where it died
            self.counts[dead] = c.reset_below
            self.sums[dead] = fresh * c.reset_below
        self.codebook.copy_(means)

    def averages(self) -> dict[str, torch.Tensor]:
        return {"sums": self.sums.clone(), "counts": self.counts.clone()}

    def load_averages(self, state: dict[str, torch.Tensor]) -> None:
        self.sums.copy_(state["sums"])
        self.counts.copy_(state["counts"])


def _straight_through(x: torch.Tensor, quantised: torch.Tensor) -> torch.Tensor:
    """The values of ``quantised`` with the gradient of ``x``."""
    return x + (quantised - x).detach()


def code_mask(mask: torch.Tensor | None, codes: int, frames: int) -> torch.Tensor | None:
    """Of frames (B, T) -> of codes (B, ``codes``), each of so many ``frames``: one that saw a frame that counts."""
    return None if mask is None else mask[:, : codes * frames].reshape(len(mask), codes, frames).any(-1)


class VQVAE(nn.Module):
    """Works on normalised features; T must be a multiple of ``config.frames_per_code`` (the rest is cut off)."""

    def __init__(self, config: VQVAEConfig):
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quantizer = Quantizer(config)

    def forward(self, features: torch.Tensor, mask: torch.Tensor | None = None, quantise: bool = True):
        """``features`` (B, T, input_width), ``mask`` (B, T) bool -> features, codes (B, T / 4), commitment loss.

        Without ``quantise`` it is a plain autoencoder (codes are None): a start from which the codebook finds scattered
        encoder outputs instead of the one point that a new encoder maps everything to.
        """
        step = self.config.frames_per_code
        hidden = self.encoder(features.transpose(1, 2)).transpose(1, 2).float()  # (B, N, code_width)
        if not quantise:
            return self.decoder(hidden.transpose(1, 2)).transpose(1, 2).float(), None, hidden.new_zeros(())
        mask = code_mask(mask, hidden.shape[1], step)
        flat, codes, commitment = self.quantizer(hidden.flatten(0, 1), None if mask is None else mask.flatten())
        out = self.decoder(flat.reshape(hidden.shape).transpose(1, 2)).transpose(1, 2)
        return out.float(), codes.reshape(hidden.shape[:2]), commitment

    @torch.no_grad()
    def encode(self, features: torch.Tensor) -> torch.Tensor:
        """(B, T, input_width) normalised -> codes (B, T // 4)."""
        hidden = self.encoder(features.transpose(1, 2)).transpose(1, 2).float()
        return self.quantizer.nearest(self.quantizer.scaled(hidden.flatten(0, 1))).reshape(hidden.shape[:2])

    def decode(self, codes: torch.Tensor) -> torch.Tensor:
        """Codes (B, N) -> normalised features (B, 4 N, input_width)."""
        return self.decoder(self.quantizer.lookup(codes).transpose(1, 2)).transpose(1, 2)

    def hold_codes(self) -> None:
        """From now on training leaves encoder and codebook as they are."""
        self.encoder.requires_grad_(False)
        self.quantizer.eval()

    def averages(self) -> dict[str, torch.Tensor]:
        """What a training checkpoint needs beside the weights."""
        return self.quantizer.averages()

    def load_averages(self, state: dict[str, torch.Tensor]) -> None:
        self.quantizer.load_averages(state)
