"""Does a model know how a motion goes on? ADE and FDE from its first fifth on, beside two who only carry on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from backend.motion.kinematics import joint_positions
from backend.motion.motion import Motion
from backend.systems.prompts import Fields
from backend.systems.vocabulary import FRAMES_PER_CODE
from training.language.tasks import PREDICTED_FROM
from training.metrics import prediction

from . import theirs
from .answers import Answers
from .cases import Case, rows_of
from .placing import placed
from .table import Table, mean

BASELINES: dict[str, Callable[[Motion, int], Motion]] = {
    "last known pose held": prediction.held,
    "constant velocity": prediction.constant_velocity,
}


def measure(cases: Sequence[Case], answers: Answers, average: np.ndarray, samples: int, seed: int) -> Table:
    """Needs the task predict. The model sees the codes of the known frames alone; in the papers no caption, here with
    it too. ``average``: the mean (D,) of the training rows."""
    codec, truth = answers.codec, [case.rows for case in cases]
    starts = [int(PREDICTED_FROM * case.count) * FRAMES_PER_CODE for case in cases]
    unknown = [np.arange(len(rows)) >= start for rows, start in zip(truth, starts, strict=True)]
    heads = answers.codes([rows_of(case.motion[:start], codec) for case, start in zip(cases, starts, strict=True)])
    recorded = [joint_positions(case.motion) for case in cases]

    def score(stood: Sequence[np.ndarray], made: Sequence[np.ndarray]) -> dict[str, float]:
        mixed = [np.where(m[:, None], a, b) for a, b, m in zip(made, truth, unknown, strict=True)]
        return {
            "ADE m": prediction.ade(stood, recorded, unknown),
            "FDE m": prediction.fde(stood, recorded, unknown),
            **theirs.predicted(mixed, truth, codec, average),
        }

    def decoded(codes: Sequence[np.ndarray]) -> dict[str, float]:
        made = answers.rows(codes)
        motions = [codec.decode(rows) for rows in made]
        return score([placed(a, case.motion, m) for a, case, m in zip(motions, cases, unknown, strict=True)], made)

    def model(captions: Sequence[str]) -> dict[str, float]:
        asked = [
            Fields(caption, known=head, length=case.count - len(head))
            for caption, head, case in zip(captions, heads, cases, strict=True)
        ]
        found = []
        for sample in range(samples):
            rest = answers.motions("predict", asked, seed + sample)
            whole = [np.concatenate(both) for both in zip(heads, rest, strict=True)]
            found.append(decoded(whole))
        return mean(found)

    rows = {
        "model": model([""] * len(cases)),
        "model, told the caption": model([case.captions[0] for case in cases]),
    }
    for name, baseline in BASELINES.items():
        carried = [baseline(case.motion, start) for case, start in zip(cases, starts, strict=True)]
        rows[name] = score([joint_positions(m) for m in carried], [rows_of(m, codec) for m in carried])
    rows["tokenizer (the true codes)"] = decoded(answers.codes(truth))
    return Table(
        "Prediction from the first 20 %",
        "who predicts",
        rows,
        "Metres a joint, lower is better; no best of several: errors are averaged over samples. As MotionGPT (T5) "
        "counts: the distance of all joints' numbers together, padding included.",
    )
