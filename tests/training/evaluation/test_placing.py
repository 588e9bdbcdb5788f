"""Generated frames stand where the known ones put them."""

from dataclasses import replace

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.kinematics import joint_positions
from training.evaluation.placing import gaps, placed


def unknown(frames, *runs):
    mask = np.zeros(frames, bool)
    for start, stop in runs:
        mask[start:stop] = True
    return mask


def test_gaps_are_runs():
    assert gaps(unknown(9, (2, 4), (5, 9))) == [slice(2, 4), slice(5, 9)]
    assert gaps(unknown(3, (0, 1))) == [slice(0, 1)] and gaps(unknown(3)) == []


def test_the_right_frames_fit_wherever_they_stand(three):
    motion = three[0].motion
    mask = unknown(len(motion), (8, 20), (30, len(motion)))
    found = placed(motion.moved(2.0, (5.0, 0.0, -3.0)), motion, mask)
    assert found == pytest.approx(joint_positions(motion), abs=1e-9)


def test_a_way_goes_on_from_the_last_known_frame(three):
    motion = three[1].motion
    still = replace(motion, root=np.repeat(motion.root[:1], len(motion), axis=0))
    mask, truth = unknown(len(motion), (20, len(motion))), joint_positions(motion)
    root = placed(still, motion, mask)[:, 0]
    assert np.array_equal(root[:20], truth[:20, 0])
    # it does not stop at once: its pace dies away within the blend, and then it stands
    steps = np.linalg.norm(np.diff(root[19:], axis=0), axis=1)
    assert steps.max() < 1.1 * np.linalg.norm(truth[19, 0] - truth[18, 0]) and steps[14:] == pytest.approx(0, abs=1e-9)
    assert np.linalg.norm(root[-1] - truth[19, 0]) < 0.3


def test_what_a_way_misses_its_end_by_is_shared_out(three):
    motion = three[1].motion
    still = replace(motion, root=np.repeat(motion.root[:1], len(motion), axis=0))
    turned = motion.rotations.copy()
    turned[:, 0] = rot.IDENTITY
    mask, truth = unknown(len(motion), (20, 40)), joint_positions(motion)
    found = placed(replace(still, rotations=turned), motion, mask)
    assert np.array_equal(found[~mask], truth[~mask])
    way, steps = (np.linalg.norm(np.diff(path[19:41, 0], axis=0), axis=1) for path in (truth, found))
    assert way.max() < steps.max() < 2.0 * way.max()  # slowly away, and slowly there
