"""Does a model find the way between what is known? ADE of the middle half, and of half of the motion in random spans,
beside slerp."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backend.motion.kinematics import joint_positions
from backend.motion.motion import Motion
from backend.systems.prompts import MASKED, Fields
from backend.systems.vocabulary import FRAMES_PER_CODE
from training.data.segments import seeded
from training.language.tasks import FILLED, spans
from training.metrics import prediction

from . import theirs
from .answers import Answers
from .cases import Case, rows_of
from .placing import gaps, placed
from .table import Table, mean

MODES = ("middle", "spans")


def masked(mode: str, case: Case) -> np.ndarray:
    """(N,) bool: the places to fill, the same in every run. The first and the last place are known in either mode."""
    if mode == "middle":
        places = np.arange(case.count)
        return (places >= int(FILLED[0] * case.count)) & (places < int(FILLED[1] * case.count))
    out = np.zeros(case.count, bool)
    out[1:-1] = spans(case.count - 2, seeded(f"{case.id} spans"))
    return out


def measure(cases: Sequence[Case], answers: Answers, samples: int, seed: int) -> Table:
    """Needs the task fill. Each known stretch is encoded by itself, so that no code looks into a gap."""
    modes = [_measured(mode, cases, answers, samples, seed) for mode in MODES]
    rows = {name: {column: value for found in modes for column, value in found[name].items()} for name in modes[0]}
    return Table(
        "In-betweening",
        "who fills",
        rows,
        "Metres a joint, lower is better; half of each motion is unknown. Filled frames are joined to the known ones "
        "as in serving.",
    )


def _measured(
    mode: str, cases: Sequence[Case], answers: Answers, samples: int, seed: int
) -> dict[str, dict[str, float]]:
    """Who fills -> the errors in one mode."""
    codec, motions = answers.codec, [case.motion for case in cases]
    places = [masked(mode, case) for case in cases]
    unknown = [np.repeat(mask, FRAMES_PER_CODE) for mask in places]
    recorded = [joint_positions(motion) for motion in motions]
    slots = _slots(cases, places, answers)

    def score(codes: Sequence[np.ndarray]) -> dict[str, float]:
        made = [codec.decode(rows) for rows in answers.rows(codes)]
        stood = [placed(a, b, mask) for a, b, mask in zip(made, motions, unknown, strict=True)]
        return _errors(mode, stood, recorded, unknown)

    def model(captions: Sequence[str]) -> dict[str, float]:
        asked = [Fields(caption, slots=s, length=len(s)) for caption, s in zip(captions, slots, strict=True)]
        return mean([score(answers.motions("fill", asked, seed + i)) for i in range(samples)])

    between = [joint_positions(_between(motion, mask)) for motion, mask in zip(motions, unknown, strict=True)]
    return {
        "model": model([""] * len(cases)),
        "model, told the caption": model([case.captions[0] for case in cases]),
        "slerp": _errors(mode, between, recorded, unknown),
        "tokenizer (the true codes)": score(answers.codes([case.rows for case in cases])),
    }


def _errors(mode: str, made: Sequence[np.ndarray], recorded: Sequence[np.ndarray], unknown) -> dict[str, float]:
    ours = prediction.ade(made, recorded, unknown)
    if mode == "spans":
        return {"random spans, ADE m": ours}
    return {"middle half, ADE m": ours, "middle half, ADE, MotionGPT (T5)": theirs.filled(made, recorded)}


def _slots(cases: Sequence[Case], places: Sequence[np.ndarray], answers: Answers) -> list[np.ndarray]:
    """The codes (N,) of each motion's known stretches, MASKED elsewhere."""
    stretches = [(i, run) for i, mask in enumerate(places) for run in gaps(~mask)]
    seen = [cases[i].motion[run.start * FRAMES_PER_CODE : run.stop * FRAMES_PER_CODE] for i, run in stretches]
    out = [np.full(len(mask), MASKED) for mask in places]
    for (i, run), codes in zip(stretches, answers.codes([rows_of(m, answers.codec) for m in seen]), strict=True):
        out[i][run] = codes
    return out


def _between(motion: Motion, unknown: np.ndarray) -> Motion:
    for gap in gaps(unknown):
        motion = prediction.interpolated(motion, gap.start, gap.stop)
    return motion
