"""All tables that a bundle's tasks allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from backend.systems.prompts import POSE_TASKS

from . import describing, filling, key_poses, predicting
from .answers import Answers
from .cases import Case
from .table import Table


def tables(
    cases: Sequence[Case],
    training: Sequence[Case],
    answers: Answers,
    samples: int,
    seed: int,
    say: Callable[[str], None] = print,
) -> list[Table]:
    """``training``: windows that the baselines of captions choose from, and whose mean row fills up short clips. The
    same seed gives the same tables. ValueError for fewer than two cases, or a bundle that answers none of the tasks."""
    if len(cases) < 2:
        raise ValueError(f"2 clips with captions or more are needed, of 40 frames or more, got {len(cases)}")
    tasks, found = answers.tasks, []
    if key_poses.PLAIN in tasks and set(POSE_TASKS) & set(tasks):
        say(f"key poses, {len(cases)} clips")
        found.append(key_poses.measure(cases, answers, samples, seed))
    if "describe" in tasks:
        say(f"captions, {len(cases)} clips")
        found.append(describing.measure(cases, training, answers, samples, seed))
    if "predict" in tasks:
        say(f"prediction, {len(cases)} clips")
        average = np.concatenate([case.rows for case in training]).mean(axis=0)
        found.append(predicting.measure(cases, answers, average, samples, seed))
    if "fill" in tasks:
        say(f"in-betweening, {len(cases)} clips")
        found.append(filling.measure(cases, answers, samples, seed))
    if not found:
        raise ValueError(
            f"the bundle answers {', '.join(tasks) or 'nothing'}; measured are key poses beside text_to_motion, "
            "describe, predict and fill"
        )
    return found
