"""Frames per second of the feature codecs on one core.

.venv/py311/bin/python -m benchmarks.features [--json FILE]
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

from backend.motion import kinematics  # noqa: E402
from backend.motion import rotations as rot  # noqa: E402
from backend.motion.features import humanml263, kit251, motionx623  # noqa: E402
from backend.motion.motion import Motion  # noqa: E402
from backend.motion.skeleton import canonical  # noqa: E402

from .command import run  # noqa: E402
from .rounds import interleaved  # noqa: E402
from .table import Row  # noqa: E402

FRAMES, ROUNDS = 300, 21
WANTED = {"HumanML3D-263 encode": 40_000, "HumanML3D-263 to Motion": 10_000}
"""frames a second at least"""


def clip(kind: str, fps) -> Motion:
    """FRAMES frames in which every joint turns and the root goes its way."""
    skeleton, random = canonical(kind), np.random.default_rng(0)
    phase = np.linspace(0.0, 20.0, FRAMES)[:, None, None] + random.uniform(0, 6, (len(skeleton), 3))
    path = np.stack([0.1 * np.sin(phase[:, 0, 0]), np.full(FRAMES, skeleton.hip_height), phase[:, 0, 1] / 4], axis=1)
    return Motion(skeleton, path, rot.exp(0.5 * np.sin(phase)), fps)


def measure() -> list[Row]:
    """Frames per second of every codec, forward kinematics and retargeting included where a Motion is encoded."""
    body, hands = clip("smpl22", humanml263.FPS), clip("smplx52", motionx623.FPS)
    positions = kinematics.joint_positions(body)
    rows, hand_rows = humanml263.encode(body), motionx623.encode(hands)
    slow = replace(body, fps=kit251.FPS)
    kit_rows = kit251.encode(slow)
    cases: dict[str, Callable[[], object]] = {
        # a motion remembers its pose: a new one has to work it out
        "HumanML3D-263 encode": lambda: humanml263.encode(replace(body)),
        "HumanML3D-263 encode from positions": lambda: humanml263.encode_positions(positions),
        "HumanML3D-263 to positions": lambda: humanml263.decode_positions(rows),
        "HumanML3D-263 to positions by rotations": lambda: humanml263.decode_rotations(rows),
        "HumanML3D-263 to Motion": lambda: humanml263.decode(rows),
        "KIT-251 encode": lambda: kit251.encode(replace(slow)),
        "KIT-251 to Motion": lambda: kit251.decode(kit_rows),
        "Motion-X-623 encode": lambda: motionx623.encode(replace(hands)),
        "Motion-X-623 to Motion": lambda: motionx623.decode(hand_rows),
    }
    seconds = interleaved(cases, ROUNDS)
    return [Row(name, FRAMES / median(seconds[name]), "frames/s", WANTED.get(name)) for name in cases]


if __name__ == "__main__":
    sys.exit(run("features", __doc__, f"features, {FRAMES} frames", measure))
