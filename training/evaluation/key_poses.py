"""Does a model keep the poses that it is given? Recon, Vel and Dist of the papers (``metrics.poses``), with the poses
and from the text alone: the same captions, lengths and seeds. Absolute values depend on the features; the ratio says
how much the pose is listened to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from backend.motion.motion import Motion
from backend.motion.resample import sample
from backend.systems.prompts import MASKED, POSE_TASKS, Fields
from backend.systems.vocabulary import FRAMES_PER_CODE
from training.data.segments import seeded
from training.language.tasks import Drawing
from training.metrics import poses

from .answers import Answers
from .cases import Case
from .table import Table, mean

PLAIN = "text_to_motion"
TEXT_ONLY = "text only"
MIDDLE = FRAMES_PER_CODE // 2
"""which frame of a place is its pose, as in ``language.items``"""

Places = Sequence[Sequence[int]]
"""of each case, the places (counted in codes) whose poses are given"""
Measure = Callable[[Sequence[np.ndarray], Sequence[Case], Places], float]

MEASURES: Mapping[str, tuple[str, Measure]] = {
    "initial pose, Recon": ("initial_pose", lambda made, truth, _: poses.recon(made, _rows(truth), "initial")),
    "initial pose, Vel": ("initial_pose", lambda made, truth, _: poses.velocity(made, _rows(truth), "initial")),
    "last pose, Recon": ("last_pose", lambda made, truth, _: poses.recon(made, _rows(truth), "last")),
    "last pose, Vel": ("last_pose", lambda made, truth, _: poses.velocity(made, _rows(truth), "last")),
    "key poses, Dist": ("key_poses", lambda made, truth, at: poses.key_distance(made, _blocks(truth, at))),
}


def measure(cases: Sequence[Case], answers: Answers, samples: int, seed: int) -> Table:
    """Needs the task text_to_motion and one or more of the pose tasks; the others' rows are left out."""
    true = answers.codes([case.rows for case in cases])
    rebuilt = answers.rows(true)
    asked = [Fields(case.captions[0], length=case.count) for case in cases]
    at = {task: [places(task, case) for case in cases] for task in POSE_TASKS if task in answers.tasks}
    keys = {task: [answers.keys(_poses(case, its)) for case, its in zip(cases, at[task], strict=True)] for task in at}
    inside = {task: [line[list(its)] for line, its in zip(true, at[task], strict=True)] for task in at}

    timed = {task: _timed(keys[task], at[task], cases) for task in at}

    def made(task: str, number: int, field: str = "", given: Sequence = ()) -> list[np.ndarray]:
        told = [replace(a, **{field: codes}) for a, codes in zip(asked, given, strict=True)] if field else asked
        return answers.rows(answers.motions(task, told, seed + number))

    found: dict[str, list[dict[str, float]]] = {name: [] for name, (task, _) in MEASURES.items() if task in at}
    for number in range(samples):
        plain = made(PLAIN, number)
        ways = {task: {TEXT_ONLY: plain} for task in at}
        for task in at:
            ways[task]["with the pose"] = made(task, number, "keys", keys[task])
            ways[task]["with the clip's own code"] = made(task, number, "keys", inside[task])
            if "fill" in answers.tasks:
                ways[task]["at its time"] = made("fill", number, "slots", timed[task])
        for name in found:
            task, how = MEASURES[name]
            found[name].append({way: how(rows, cases, at[task]) for way, rows in ways[task].items()})
    rows = {}
    for name, numbers in found.items():
        task, how = MEASURES[name]
        rows[name] = _with_ratios(mean(numbers)) | {"tokenizer": how(rebuilt, cases, at[task])}
    return Table(
        "Key poses",
        "given",
        rows,
        "Distances in the units of the features, lower is better. A pose becomes a code as in serving (held for 64 "
        "frames), or is the code that it has inside its clip; at its time: asked as slots to fill, so that its code is "
        "forced there. Tokenizer: the true codes decoded.",
    )


def places(task: str, case: Case) -> list[int]:
    """Which poses are given; as many key poses as in training, the same in every run."""
    if task != "key_poses":
        return [0] if task == "initial_pose" else [case.count - 1]
    rng, (fewest, most) = seeded(f"{case.id} key poses"), Drawing().poses
    return sorted(rng.choice(case.count, rng.integers(fewest, most + 1), replace=False).tolist())


def _poses(case: Case, its: Sequence[int]) -> Motion:
    """One frame for each place."""
    return sample(case.motion, np.asarray(its) * FRAMES_PER_CODE + MIDDLE)


def _timed(keys: Sequence[np.ndarray], at: Places, cases: Sequence[Case]) -> list[np.ndarray]:
    """The slots (N,) of each case: its key poses' codes at their places, all else to be filled."""
    slots = [np.full(case.count, MASKED) for case in cases]
    for line, codes, its in zip(slots, keys, at, strict=True):
        line[list(its)] = codes
    return slots


def _rows(cases: Sequence[Case]) -> list[np.ndarray]:
    return [case.rows for case in cases]


def _blocks(cases: Sequence[Case], at: Places) -> list[np.ndarray]:
    """The given places' true rows (K, 4, D) of each case."""
    return [case.rows.reshape(case.count, FRAMES_PER_CODE, -1)[list(its)] for case, its in zip(cases, at, strict=True)]


def _with_ratios(numbers: Mapping[str, float]) -> dict[str, float | None]:
    """Each way's number, and behind it how many times the text's it is."""
    plain = numbers[TEXT_ONLY]
    out: dict[str, float | None] = {TEXT_ONLY: plain}
    for way, number in numbers.items():
        if way != TEXT_ONLY:
            out |= {way: number, f"{way} : text only": number / plain if plain else None}
    return out
