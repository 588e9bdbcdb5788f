"""Joint positions to rotations: frames per second on one core, for bodies and for bodies with hands.

.venv/py311/bin/python -m benchmarks.from_positions [--json FILE]
"""

from __future__ import annotations

import os
import sys
from statistics import median

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is imported

import numpy as np  # noqa: E402

from backend.motion import kinematics  # noqa: E402
from backend.motion import rotations as rot  # noqa: E402
from backend.motion.from_positions import solve  # noqa: E402
from backend.motion.skeleton import canonical  # noqa: E402

from .command import run  # noqa: E402
from .rounds import interleaved  # noqa: E402
from .table import Row  # noqa: E402

FRAMES, ROUNDS = 300, 21
WANTED = {"smpl22": 10_000}
"""frames a second at least"""


def positions(kind: str) -> np.ndarray:
    """(FRAMES, J, 3) of a body whose every joint turns."""
    skeleton, random = canonical(kind), np.random.default_rng(0)
    phase = np.linspace(0.0, 20.0, FRAMES)[:, None, None] + random.uniform(0, 6, (len(skeleton), 3))
    root = np.stack([0.1 * np.sin(phase[:, 0, 0]), np.full(FRAMES, skeleton.hip_height), phase[:, 0, 1] / 4], axis=1)
    return kinematics.forward(skeleton, root, rot.exp(0.5 * np.sin(phase)))[0]


def measure() -> list[Row]:
    """Frames per second of each skeleton."""
    found = {"smpl22": positions("smpl22"), "smplx52": positions("smplx52")}
    seconds = interleaved({kind: (lambda k=kind, p=p: solve(p, 30, k)) for kind, p in found.items()}, ROUNDS)
    return [
        Row(f"positions to rotations, {found[kind].shape[1]} joints", FRAMES / median(s), "frames/s", WANTED.get(kind))
        for kind, s in seconds.items()
    ]


if __name__ == "__main__":
    sys.exit(run("from_positions", __doc__, f"from_positions, {FRAMES} frames", measure))
