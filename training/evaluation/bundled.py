"""A bundle that answers: asked and drawn as in serving, many clips side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from backend import engines, systems
from backend.motion.motion import Motion
from backend.systems import sampling
from backend.systems.asking import fitted
from backend.systems.captioning import MOST_TOKENS
from backend.systems.grammars import Grammar, Words
from backend.systems.prompts import Fields
from backend.systems.sampling import SamplingConfig
from backend.systems.wish import Wish

from .answers import STREAM, together

SIDE_BY_SIDE = 16
"""answers of like length that are drawn together"""


def answers(bundle, base: Path | None = None) -> Bundled:
    """``bundle``: bundles.Bundle; ``base``: folder of the Hugging Face base that it stands on. BundleError, EngineError
    and RequestError say what does not fit, ValueError that a bundle has not one stream of codes."""
    found = Bundled(systems.create(bundle, engines.create(bundle, base=base)))
    streams = list(found.model.codes)
    if streams != [STREAM]:
        raise ValueError(f"bundle {bundle.name} has codes of {' and '.join(streams)}; measured are those of {STREAM}")
    return found


class Bundled:
    """``answers.Answers`` of a system of ``backend.systems``."""

    def __init__(self, system):
        self._system, self.model = system, system.model
        self.tasks, self.codec = self.model.bundle.tasks, self.model.codec
        self.engine = self.model.engine.name

    def motions(self, task: str, asked: Sequence[Fields], seed: int) -> list[np.ndarray]:
        legal = [self._system.grammar(Wish(task, one, (one.length, one.length), None)) for one in asked]
        told = [fitted(self.model, task, one, grammar.most)[0] for one, grammar in zip(asked, legal, strict=True)]
        return [answer[STREAM] for answer in self._drawn(task, told, legal, seed, self.model.sampling)]

    def captions(self, asked: Sequence[Fields], seed: int | None) -> list[str]:
        words = Words(self.model.words, self.model.speech.text.eos, MOST_TOKENS)
        config = self.model.sampling if seed is not None else replace(self.model.sampling, temperature=0.0)
        drawn = self._drawn("describe", asked, [words] * len(asked), seed or 0, config)
        return [" ".join(self.model.engine.decode_text(ids).split()) for ids in drawn]

    def codes(self, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
        return together(lambda some: self.model.engine.encode(some)[0], rows)

    def rows(self, codes: Sequence[np.ndarray]) -> list[np.ndarray]:
        return together(self.model.engine.decode, codes)

    def keys(self, poses: Motion) -> np.ndarray:
        return self.model.key_codes(poses)

    def _drawn(
        self, task: str, asked: Sequence[Fields], grammars: Sequence[Grammar], seed: int, config: SamplingConfig
    ) -> list[Any]:
        """What each grammar reads, a generator each. Answers that take about as many steps wait for each other."""
        prompts = [self._prompt(task, one) for one in asked]
        silent = [self._prompt(task, replace(one, caption="")) for one in asked]
        guided = any(one.caption for one in asked)
        out: dict[int, Any] = {}
        order = sorted(range(len(asked)), key=lambda i: grammars[i].most)
        for start in range(0, len(order), SIDE_BY_SIDE):
            some = order[start : start + SIDE_BY_SIDE]
            found = sampling.answers(
                self.model.engine,
                [prompts[i] for i in some],
                [grammars[i] for i in some],
                [np.random.default_rng([seed, i]) for i in some],
                config,
                lambda fraction: None,
                [silent[i] for i in some] if guided else None,
            )
            out |= zip(some, found, strict=True)
        return [out[i] for i in range(len(asked))]

    def _prompt(self, task: str, asked: Fields) -> list[int]:
        return self.model.prompts.prompt(task, asked, self.model.speech)
