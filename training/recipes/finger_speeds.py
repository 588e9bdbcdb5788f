"""Do the fingers of generated motions move where those of the recordings do, and keep still where those do?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from backend.protocol import GenerateRequest, Segment
from training.evaluation.cases import Case
from training.metrics import fingers
from training.tokenizer_eval import Tokenizer

MOVING, STILL = "move", "keep still"
COLUMNS = {"recorded": "recording", "tokenized": "its codes decoded", "generated": "generated"}


def measure(system, tokenizer: Tokenizer, cases: Sequence[Case], seeds: int) -> dict[str, dict[str, float]]:
    """MOVING and STILL, by the recordings -> number of ``clips`` and COLUMNS: mean speed of the finger joints, degrees
    a second. Each motion is generated from its first caption, as long as the recording, ``seeds`` times."""
    found: dict[str, list[tuple[float, ...]]] = {MOVING: [], STILL: []}
    for case in cases:
        recorded = speed(case.motion)
        rows, _ = tokenizer.through(case.rows)
        made = [speed(_generated(system, case, seed)) for seed in range(seeds)]
        group = MOVING if recorded > fingers.MOVING else STILL
        found[group].append((recorded, speed(tokenizer.codec.decode(rows)), float(np.mean(made))))
    return {
        group: {"clips": len(speeds)} | dict(zip(COLUMNS, np.mean(speeds, axis=0).round(1).tolist(), strict=True))
        for group, speeds in found.items()
        if speeds
    }


def speed(motion) -> float:
    return float(fingers.speed(motion).mean())


def _generated(system, case: Case, seed: int):
    request = GenerateRequest(
        segments=(Segment(case.captions[0]),), fps=case.motion.fps, seconds=case.motion.seconds, seed=seed
    )
    (motion,), _ = system.generate(request, lambda *_: None, lambda: False)
    return motion


def table(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Markdown of several splits' measurements."""
    lines = [f"| split | fingers of the recording | clips | {' | '.join(COLUMNS.values())} |"]
    lines.append("|---|---|---:" + "|---:" * len(COLUMNS) + "|")
    for split, groups in found.items():
        for group, row in groups.items():
            cells = (f"{row[name]:.1f}" for name in COLUMNS)
            lines.append(f"| {split} | {group} | {row['clips']} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", "Mean speed of the 30 finger joints, degrees a second, over spans of 0.2 s."])
