"""The average of the weights over a run's steps, which is what is measured and kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from training.checkpoint import averaging


class Averages:
    """Exponential average of the trained parameters of a network; ``decay`` 0 keeps none and means the last weights.
    Where the network is sharded, each process averages its own part."""

    def __init__(self, network: torch.nn.Module, decay: float):
        self.decay, self.steps = decay, 0
        self._weights = [parameter for parameter in network.parameters() if parameter.requires_grad] if decay else []
        self._averages = [_own(weight).clone() for weight in self._weights]

    @torch.no_grad()
    def update(self) -> None:
        """After a step of the optimiser."""
        self.steps += 1
        if self._weights:
            weight = 1 - averaging(self.decay, self.steps)
            torch._foreach_lerp_(self._averages, [_own(w) for w in self._weights], weight)

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """The network has the averages for its weights while this lasts."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    @torch.no_grad()
    def follow(self) -> None:
        """Take the network's present weights for averages (of a saved run)."""
        for average, weight in zip(self._averages, self._weights, strict=True):
            average.copy_(_own(weight))

    def all_weights(self, network: torch.nn.Module) -> Iterator[torch.Tensor]:
        """This process's parts of the trained weights of ``network``, and of their averages."""
        yield from (_own(parameter) for parameter in network.parameters() if parameter.requires_grad)
        yield from self._averages

    @torch.no_grad()
    def _exchange(self) -> None:
        for average, weight in zip(self._averages, self._weights, strict=True):
            kept = _own(weight).clone()
            _own(weight).copy_(average)
            average.copy_(kept)


def _own(parameter: torch.Tensor) -> torch.Tensor:
    """This process's part of a parameter, sharing its memory."""
    parameter = parameter.detach()
    return parameter.to_local() if hasattr(parameter, "to_local") else parameter
