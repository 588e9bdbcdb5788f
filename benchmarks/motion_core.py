"""The motion core's frames per second on one core, whole clips against one frame at a time.

.venv/py311/bin/python -m benchmarks.motion_core [--json FILE]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from statistics import median

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is imported

import numpy as np  # noqa: E402

from backend.motion import kinematics, resample, retarget  # noqa: E402
from backend.motion import rotations as rot  # noqa: E402
from backend.motion.features import ms272  # noqa: E402
from backend.motion.motion import Motion  # noqa: E402
from backend.motion.skeleton import canonical  # noqa: E402

from .command import run  # noqa: E402
from .rounds import interleaved, ratios  # noqa: E402
from .table import Row, ratio_row  # noqa: E402

FRAMES, ROUNDS = 300, 21
SINGLE = 30
"""frames that the baseline does, one by one"""


def clip() -> Motion:
    """FRAMES frames at 30 fps in which every joint turns and the root goes its way."""
    skeleton, random = canonical(), np.random.default_rng(0)
    phase = np.linspace(0.0, 20.0, FRAMES)[:, None, None] + random.uniform(0, 6, (len(skeleton), 3))
    path = np.stack([0.1 * np.sin(phase[:, 0, 0]), np.full(FRAMES, skeleton.hip_height), phase[:, 0, 1] / 4], axis=1)
    return Motion(skeleton, path, rot.exp(0.5 * np.sin(phase)))


def measure() -> list[Row]:
    """Frames per second of each step; a ratio where one frame alone can be asked for."""
    motion = clip()
    features = ms272.encode(motion)
    taller = motion.skeleton.with_offsets(motion.skeleton.offsets * [1.0, 1.1, 1.0])
    frames = [motion[t : t + 1] for t in range(SINGLE)]
    both: dict[str, Callable[[Motion], object]] = {
        "forward kinematics": lambda m: kinematics.forward(m.skeleton, m.root, m.rotations),
        # a motion remembers its pose: a new one has to work it out
        "retargeting": lambda m: retarget.retarget(replace(m), target=taller),
    }
    whole: dict[str, Callable[[], object]] = {
        "MS-272 encode": lambda: ms272.encode(replace(motion)),
        "MS-272 decode": lambda: ms272.decode(features),
        "resampling 30 to 24 fps": lambda: resample.resample(motion, 24),
    }
    cases = {name: (lambda run=run: run(motion)) for name, run in both.items()}
    cases |= {f"{name}, single": (lambda run=run: [run(f) for f in frames]) for name, run in both.items()}
    seconds = interleaved(cases | whole, ROUNDS)

    rows = [Row(name, FRAMES / median(seconds[name]), "frames/s") for name in [*both, *whole]]
    for name in both:
        one_by_one = [s * FRAMES / SINGLE for s in seconds[f"{name}, single"]]
        rows.append(ratio_row(f"{name}: one frame at a time : whole clip", ratios(one_by_one, seconds[name])))
    return rows


if __name__ == "__main__":
    sys.exit(run("motion_core", __doc__, f"motion_core, {FRAMES} frames x 22 joints", measure))
