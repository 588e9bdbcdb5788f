"""Does a model say what it sees? BLEU, ROUGE-L and CIDEr-D of its captions, beside three who never learnt to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from backend.service.describing import describe
from backend.systems.prompts import Fields
from training.metrics import captions

from .answers import STREAM, Answers
from .cases import Case
from .table import Table, mean


def measure(cases: Sequence[Case], training: Sequence[Case], answers: Answers, samples: int, seed: int) -> Table:
    """Needs the task describe; ``training``: what the two baselines that read captions may read."""
    references = [case.captions for case in cases]
    asked = [Fields(codes={STREAM: line}) for line in answers.codes([case.rows for case in cases])]
    drawn = [captions.scores(answers.captions(asked, seed + sample), references) for sample in range(samples)]
    look_up = Nearest(training)
    others = {
        "caption of the nearest training clip": [look_up(case).captions[0] for case in cases],
        "most frequent training caption": [most_frequent(training)] * len(cases),
        "sentence from measured facts": [describe(case.motion)["sentence"] for case in cases],
    }
    rows = {"model, likeliest words": captions.scores(answers.captions(asked, None), references)}
    rows |= {"model, drawn words": mean(drawn)}
    rows |= {name: captions.scores(made, references) for name, made in others.items()}
    return Table(
        "Captions",
        "who says it",
        rows,
        "Times 100, higher is better; references: all captions of each clip. Words are cut as in metrics/captions.py.",
    )


def most_frequent(training: Sequence[Case]) -> str:
    """The caption that most windows have, however it is spelled; of several the first."""
    said = Counter(" ".join(captions.words(caption)) for case in training for caption in case.captions)
    return said.most_common(1)[0][0]


class Nearest:
    """Finds the training motion whose features have the nearest means and deviations over time."""

    def __init__(self, training: Sequence[Case]):
        if not training:
            raise ValueError("there is no captioned training motion to compare with")
        self._training = training
        rows = np.concatenate([case.rows for case in training])
        self._mean, self._std = rows.mean(axis=0), rows.std(axis=0) + 1e-6
        self._summaries = np.stack([self._summary(case) for case in training])

    def __call__(self, case: Case) -> Case:
        apart = np.linalg.norm(self._summaries - self._summary(case), axis=1)
        return self._training[int(apart.argmin())]

    def _summary(self, case: Case) -> np.ndarray:
        """(2 D,)"""
        rows = (case.rows - self._mean) / self._std
        return np.concatenate([rows.mean(axis=0), rows.std(axis=0)])
