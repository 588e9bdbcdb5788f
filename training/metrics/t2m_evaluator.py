"""Guo's text-to-motion evaluator: clips and captions as points of one space (papers.md 6.1).

Every published R-precision, FID and MM-Dist of HumanML3D and KIT-ML is a distance between what these networks say.
Choices: the published layers and names; sequences go packed through the GRUs, so that padding moves no embedding;
embeddings come in the order of the batch, where the reference returns them sorted by length.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from backend.engines import tensor_file
from backend.motion.features.codec import Codec
from backend.motion.features.normalisation import Normalisation

FILE = "t2m_evaluator.safetensors"
CONTACTS = 4
"""the last features of a row, which it does not read"""
FRAMES_PER_MOVEMENT = 4
WORD_WIDTH, WORD_CLASSES = 300, 15
"""of a GloVe vector; of the word classes beside it, one hot"""
EMBEDDING = 512


class MovementEncoder(nn.Module):
    """Rows without contacts (B, T, width) -> movements (B, T // 4, 512)."""

    def __init__(self, width: int):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv1d(width, EMBEDDING, 4, stride=2, padding=1), nn.Dropout(0.2), nn.LeakyReLU(0.2),
            nn.Conv1d(EMBEDDING, EMBEDDING, 4, stride=2, padding=1), nn.Dropout(0.2), nn.LeakyReLU(0.2),
        )  # fmt: skip
        self.out_net = nn.Linear(EMBEDDING, EMBEDDING)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.out_net(self.main(rows.transpose(1, 2)).transpose(1, 2))


class SequenceEncoder(nn.Module):
    """A sequence (B, N, width) of which the first ``lengths`` (B,) count -> (B, 512): the last states of a GRU that
    starts from a learnt state at either end."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.input_emb = nn.Linear(width, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True, bidirectional=True)
        self.hidden = nn.Parameter(torch.zeros(2, 1, hidden))
        self.output_net = nn.Sequential(
            nn.Linear(2 * hidden, hidden), nn.LayerNorm(hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, EMBEDDING)
        )

    def forward(self, values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        packed = pack_padded_sequence(self.input_emb(values), lengths.cpu(), batch_first=True, enforce_sorted=False)
        start = self.hidden.expand(-1, len(values), -1).contiguous()
        forwards, backwards = self.gru(packed, start)[1]
        return self.output_net(torch.cat([forwards, backwards], dim=-1))


class TextEncoder(SequenceEncoder):
    """Word vectors (B, N, 300) and their classes (B, N, 15) -> (B, 512)."""

    def __init__(self):
        super().__init__(WORD_WIDTH, 512)
        self.pos_emb = nn.Linear(WORD_CLASSES, WORD_WIDTH)

    def forward(self, words: torch.Tensor, classes: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return super().forward(words + self.pos_emb(classes), lengths)


class Evaluator(nn.Module):
    """Reads rows of ``width`` features, normalised with set B. Embeddings of a clip and its caption lie close."""

    def __init__(self, width: int = 263):
        super().__init__()
        self.text_encoder = TextEncoder()
        self.movement_encoder = MovementEncoder(width - CONTACTS)
        self.motion_encoder = SequenceEncoder(EMBEDDING, 1024)

    @torch.no_grad()
    def motions(self, rows: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        """Rows (B, T, width), zero after each clip's ``frames`` (B,), at least 4 -> (B, 512)."""
        if int(frames.min()) < FRAMES_PER_MOVEMENT:
            raise ValueError(f"a clip needs {FRAMES_PER_MOVEMENT} frames at least, got {int(frames.min())}")
        return self.motion_encoder(self.movement_encoder(rows[..., :-CONTACTS]), frames // FRAMES_PER_MOVEMENT)

    @torch.no_grad()
    def texts(self, words: torch.Tensor, classes: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Word vectors (B, N, 300), word classes one hot (B, N, 15), words a caption (B,) -> (B, 512)."""
        return self.text_encoder(words, classes, lengths)


def shapes(width: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the weights."""
    with torch.device("meta"):
        return {name: tuple(value.shape) for name, value in Evaluator(width).state_dict().items()}


def load(folder: Path, codec: Codec) -> tuple[Evaluator, Normalisation]:
    """What `python -m training import --kind t2m-evaluator` left, for rows of that codec; ready to evaluate.
    ValueError (a BundleError) names the file and what does not fit."""
    scale = dict.fromkeys(("mean", "std"), (codec.width,))
    arrays = tensor_file.read(Path(folder) / FILE, shapes(codec.width) | scale)
    normalisation = Normalisation(f"{Path(folder).name}/{FILE}", arrays.pop("mean"), arrays.pop("std"))
    evaluator = Evaluator(codec.width)
    evaluator.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
    return evaluator.eval(), normalisation
