"""The measurement of true rotations on motions whose errors are known."""

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.features.codec import codec
from backend.motion.formats import npz
from backend.motion.from_positions import KNEE_AXES
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from training.metrics import true_rotations
from training.metrics.true_rotations import compare, count_flips, less_constant, main, placed, table

SKELETON = canonical()
INDEX = {name: j for j, name in enumerate(SKELETON.names)}


def striding(fps=20, wrist=0.0) -> Motion:
    """Three seconds: legs swing with bent knees, arms hang; the left wrist is turned about its bone by ``wrist``."""
    frames = 3 * fps
    wave = np.sin(np.arange(frames) * 6.0 / fps)
    q = np.tile(rot.IDENTITY, (frames, len(SKELETON), 1))
    for sign, side, axis in ((1.0, "left", KNEE_AXES[0]), (-1.0, "right", KNEE_AXES[1])):
        q[:, INDEX[f"{side}_hip"]] = rot.from_axis_angle([1.0, 0.0, 0.0], 0.4 * sign * wave - 0.3)
        q[:, INDEX[f"{side}_knee"]] = rot.from_axis_angle(axis, 0.7 + 0.3 * sign * wave)
        q[:, INDEX[f"{side}_shoulder"]] = rot.from_axis_angle([0.0, 0.0, -sign], 1.2)
    q[:, INDEX["left_wrist"]] = rot.from_axis_angle([1.0, 0.0, 0.0], wrist)
    root = np.array([2.0, 0.95, -1.0]) + np.arange(frames)[:, None] * [0.0, 0.0, 1.2 / fps]
    return Motion(SKELETON, root, q, fps).moved(2.0)


def test_what_positions_show_is_found_and_what_they_do_not_is_told():
    found = compare(striding(wrist=0.5), codec("humanml263"))
    assert found.position.max() < 1e-4
    angles = np.degrees(rot.angle(found.away))
    assert angles[:, [INDEX[n] for n in ("pelvis", "left_hip", "right_knee", "spine2", "neck")]].max() < 1.0
    assert angles[:, INDEX["left_wrist"]].mean() == pytest.approx(np.degrees(0.5), abs=1.0)
    assert np.degrees(found.local[:, INDEX["left_wrist"]].mean()) == pytest.approx(np.degrees(0.5), abs=1.0)
    assert (found.flips.sum(), found.jumps.sum()) == (0, 0)
    assert found.minutes == pytest.approx(59 / 20 / 60)


def test_the_truth_lies_where_the_codec_puts_it():
    there = placed(striding())
    positions = kinematics.joint_positions(there)
    assert np.abs(there.root[0, [0, 2]]).max() < 1e-12 and positions[..., 1].min() == pytest.approx(0.0)
    assert kinematics.facing_yaw(positions[0], there.skeleton) == pytest.approx(0.0, abs=1e-12)
    # the lowest joint of the last frame, which encoding uses up, counts too
    rows = codec("humanml263").positions(codec("humanml263").encode(striding()))
    assert np.abs(rows - positions[:-1]).max() < 1e-5


def test_a_flip_is_a_jump_that_the_true_joint_does_not_make():
    ankle, hip = INDEX["left_ankle"], INDEX["left_hip"]
    still = np.tile(rot.IDENTITY, (6, len(SKELETON), 1))
    turned, recorded = still.copy(), still.copy()
    turned[3:, ankle] = recorded[3:, hip] = rot.about_y(2.0)
    flips, inherited, jumps = count_flips(turned, still, SKELETON)
    assert (flips[ankle], flips.sum(), inherited.sum(), jumps.sum()) == (1, 1, 0, 0)
    flips, inherited, jumps = count_flips(turned, recorded, SKELETON)
    assert (flips[ankle], flips.sum(), inherited[ankle], jumps[hip]) == (1, 1, 1, 1)
    flips, _, _ = count_flips(turned, turned, SKELETON)
    assert flips.sum() == 0


def test_what_is_the_same_in_all_frames_is_told_apart():
    random = np.random.default_rng(0)
    sway = rot.exp(0.05 * random.normal(size=(400, 2, 3)))
    constant = rot.exp(np.array([[1.0, 0.2, 0.0], [0.0, 0.0, -2.0]]))
    left = less_constant(rot.multiply(constant, sway))
    assert rot.angle_between(left, sway).mean() < 0.01


def test_the_table_has_every_joint_once():
    text = table({"a": [compare(striding(), codec("humanml263"))], "b": [compare(striding(), codec("humanml263"))]})
    assert text.startswith("2 clips, 0.1 minutes") and "0 flips, 0.000 a minute" in text
    names = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines()[4:]]
    assert names == [n.removeprefix("left_") for n in SKELETON.names if not n.startswith("right_")]
    hip = next(line for line in text.splitlines() if line.startswith("| hip "))
    assert hip.count("|") == 10


def test_the_command_reads_sources_and_says_what_is_missing(tmp_path, capsys):
    npz.write(tmp_path / "striding.npz", striding(fps=30))
    assert main(["--folder", str(tmp_path)]) == 0
    assert "1 clips" in capsys.readouterr().out
    assert main(["--folder", str(tmp_path), "--subjects", "test"]) == 2
    assert "no take of the test subjects" in capsys.readouterr().err
    assert main(["--cmu", str(tmp_path / "nowhere")]) == 2
    with pytest.raises(SystemExit):
        main([])
    assert "at least one source" in capsys.readouterr().err


def test_hands_are_compared_too():
    hands = canonical("smplx52")
    body = striding(fps=30)
    q = np.tile(rot.IDENTITY, (len(body), len(hands), 1))
    q[:, :22] = body.rotations
    found = compare(Motion(hands, body.root, q, 30), codec("motionx623"))
    assert found.away.shape == (len(body) - 1, 52, 4) and found.position.max() < 1e-4
    assert set(true_rotations.CODECS) == {"humanml263", "motionx623"}
