"""The part-aware motion tokenizer of MotionGPT-2 on Motion-X-623 (papers.md 4.1, 4.2): body and hands are encoded
apart, each with its own codebook, and one decoder reads both.

Choices where the paper is silent: the row parts into 263 of the body and 360 of the hands; what comes first is fused
into what follows by a convolution of one tap (2 x code_width -> code_width) before that is quantised, and the decoder
begins with another. What comes first is ``config.order`` (see ``FOLLOWING``), the rest of the network is the same.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from .config import FOLLOWING, PartVQVAEConfig, VQVAEConfig
from .vqvae import VQVAE, Decoder, Encoder, Quantizer, code_mask

Streams = dict[str, torch.Tensor]


class Fusion(nn.Conv1d):
    """Two vectors a code, (B, N, code_width) each, to one."""

    def __init__(self, code_width: int):
        super().__init__(2 * code_width, code_width, 1)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return super().forward(torch.cat([a, b], -1).transpose(1, 2)).transpose(1, 2)


class PartVQVAE(nn.Module):
    """Works on normalised rows; T must be a multiple of ``config.frames_per_code`` (the rest is cut off). Codes are one
    tensor (B, N) a stream, in the order of ``config.streams``: body, hands; of "vanilla" the whole motion's alone."""

    def __init__(self, config: PartVQVAEConfig):
        super().__init__()
        self.config = config
        columns = config.columns()
        for stream, its in columns.items():
            self.register_buffer(f"{stream}_columns", torch.from_numpy(its), persistent=False)
        self.encoders = nn.ModuleDict({s: Encoder(config.plain(len(its))) for s, its in columns.items()})
        self.quantizers = nn.ModuleDict({s: Quantizer(config) for s in columns})
        self.fusions = nn.ModuleDict({s: Fusion(config.code_width) for s in FOLLOWING[config.order]})
        self.merge = Fusion(config.code_width) if len(columns) > 1 else None
        self.decoder = Decoder(config)

    def forward(self, features: torch.Tensor, mask: torch.Tensor | None = None, quantise: bool = True):
        """``features`` (B, T, input_width), ``mask`` (B, T) bool -> features, codes (a tuple of streams), commitment
        loss (summed). Without ``quantise`` a plain autoencoder, as in ``VQVAE``; codes are None."""
        hidden = self._hidden(features)
        if not quantise:
            continuous = self._fused(hidden, lambda stream, x, where: x)
            return self._rows(continuous), None, features.new_zeros(())
        codes_there = next(iter(hidden.values())).shape[1]
        counting = code_mask(mask, codes_there, self.config.frames_per_code)

        def counted(where: slice) -> torch.Tensor | None:
            return None if counting is None else counting[:, where].flatten()

        def lead(stream: str, x: torch.Tensor, where: slice) -> torch.Tensor:
            return self.quantizers[stream].glance(x.flatten(0, 1), counted(where)).reshape(x.shape)

        quantised, codes, commitment = {}, [], features.new_zeros(())
        for stream, x in self._fused(hidden, lead).items():
            flat, found, loss = self.quantizers[stream](x.flatten(0, 1), counted(slice(None)))
            quantised[stream] = flat.reshape(x.shape)
            codes.append(found.reshape(x.shape[:2]))
            commitment = commitment + loss
        return self._rows(quantised), tuple(codes), commitment

    @torch.no_grad()
    def encode(self, features: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(B, T, input_width) normalised -> codes (B, T // 4) of every stream."""

        def nearest(stream: str, x: torch.Tensor) -> torch.Tensor:
            quantizer = self.quantizers[stream]
            return quantizer.nearest(quantizer.scaled(x.flatten(0, 1))).reshape(x.shape[:2])

        def lead(stream: str, x: torch.Tensor, where: slice) -> torch.Tensor:
            return self.quantizers[stream].lookup(nearest(stream, x))

        return tuple(nearest(stream, x) for stream, x in self._fused(self._hidden(features), lead).items())

    def decode(self, *codes: torch.Tensor) -> torch.Tensor:
        """Codes (B, N) of every stream -> normalised features (B, 4 N, input_width)."""
        streams = self.config.streams
        if len(codes) != len(streams):
            raise ValueError(f"order {self.config.order!r} decodes the codes of {', '.join(streams)}, got {len(codes)}")
        return self._rows({s: self.quantizers[s].lookup(c) for s, c in zip(streams, codes)})

    def _hidden(self, features: torch.Tensor) -> Streams:
        """(B, T, input_width) -> encoder outputs (B, N, code_width), float32."""
        parts = {s: features[..., getattr(self, f"{s}_columns")] for s in self.config.streams}
        return {s: self.encoders[s](x.transpose(1, 2)).transpose(1, 2).float() for s, x in parts.items()}

    def _fused(self, hidden: Streams, lead: Callable[[str, torch.Tensor, slice], torch.Tensor]) -> Streams:
        """What is to be quantised: where a stream follows, what ``lead`` makes of the other is fused in first."""
        out = dict(hidden)
        for stream, fusion in self.fusions.items():
            where = FOLLOWING[self.config.order][stream]
            (first,) = (s for s in hidden if s != stream)
            fused = fusion(hidden[stream][:, where], lead(first, hidden[first][:, where], where))
            out[stream] = hidden[stream].clone()
            out[stream][:, where] = fused.to(out[stream].dtype)
        return out

    def _rows(self, quantised: Streams) -> torch.Tensor:
        """(B, N, code_width) of every stream -> features (B, 4 N, input_width), float32."""
        whole = quantised["motion"] if self.merge is None else self.merge(*quantised.values())
        return self.decoder(whole.transpose(1, 2)).transpose(1, 2).float()

    def hold_codes(self) -> None:
        """From now on training leaves encoders, fusions and codebooks as they are."""
        self.encoders.requires_grad_(False)
        self.fusions.requires_grad_(False)
        self.quantizers.eval()

    def averages(self) -> dict[str, dict[str, torch.Tensor]]:
        """What a training checkpoint needs beside the weights."""
        return {stream: quantizer.averages() for stream, quantizer in self.quantizers.items()}

    def load_averages(self, state: dict[str, dict[str, torch.Tensor]]) -> None:
        for stream, quantizer in self.quantizers.items():
            quantizer.load_averages(state[stream])


def motion_tokenizer(config: VQVAEConfig) -> VQVAE | PartVQVAE:
    """The network of a config, with random weights."""
    return PartVQVAE(config) if isinstance(config, PartVQVAEConfig) else VQVAE(config)
