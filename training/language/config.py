"""What every run of a language model is told."""

from __future__ import annotations

from dataclasses import dataclass

from training.bounds import check
from training.run import RunConfig


@dataclass
class LanguageTraining(RunConfig):
    """Budget, optimiser and rhythm; a stage adds what it learns from."""

    lr: float = 1e-3
    weight_decay: float = 0.05
    tokens: int = 3072
    """of a micro-batch of one process"""
    accumulation: int = 1
    """micro-batches of one process a step"""
    samples: int = 0
    """of a step, all processes together, in as many micro-batches of at most ``tokens`` as that takes; 0: what
    ``tokens`` and ``accumulation`` come to"""
    label_smoothing: float = 0.0
    evaluate_minutes: float = 3.0
    sample_minutes: float = 5.0
    patience: int = 0
    """stop after so many measurements without a lower validation loss; 0 uses the whole budget"""
    sharded: bool = False
    """several processes hold a part of the weights each (FSDP), for bases that one device cannot hold"""

    def __post_init__(self):
        super().__post_init__()
        for name, low in (("tokens", 1), ("accumulation", 1), ("patience", 0), ("samples", 0), ("sample_minutes", 0)):
            check(name, getattr(self, name), low)
        check("label_smoothing", self.label_smoothing, high=1)
        if self.samples and self.accumulation > 1:
            raise ValueError(f"'samples' sets what a step has, 'accumulation' must then be 1, got {self.accumulation}")
