"""How far takes are from key poses."""

import json
from dataclasses import replace

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.motion import JointKey, KeyPose
from backend.motion.skeleton import canonical
from backend.protocol import Context, GenerateRequest, Report, Segment
from backend.systems.key_errors import key_errors
from backend.systems.motiongpt2 import MotionGPT2
from tests.systems.fake_engine import FakeEngine, bundle, motion, only

SMPL = canonical()
STANDS = motion(np.zeros(4, int)).moved(1.0, (3.0, 0.0, -1.0))


def key(frame: int = 0, **turns) -> KeyPose:
    """Somebody who stands at the middle of the scene, the joints turned as ``turns`` says (radians about X)."""
    rotations = motion(np.zeros(1, int)).rotations[0].copy()
    for name, angle in turns.items():
        rotations[SMPL.index(name)] = rot.exp(np.array([angle, 0.0, 0.0]))
    joints = {name: JointKey(rotation=q) for name, q in zip(SMPL.names, rotations, strict=True)}
    return KeyPose(frame, joints)


def error(pose: KeyPose):
    (found,) = key_errors([(pose, 2)], STANDS)
    return found


def test_a_pose_that_is_met_has_no_error_wherever_it_stands_and_faces():
    found = error(key(7))
    assert (
        found.frame == 7 and found.cm == pytest.approx(0.0, abs=1e-6) and found.degrees == pytest.approx(0.0, abs=1e-4)
    )


def test_the_joint_that_is_furthest_off_counts():
    found = error(key(left_hip=0.5, right_elbow=0.1))
    leg = np.linalg.norm(SMPL.offsets[[SMPL.index(f"left_{n}") for n in ("knee", "ankle", "foot")]].sum(axis=0))
    assert found.degrees == pytest.approx(np.rad2deg(0.5), rel=1e-6)
    assert found.cm == pytest.approx(100 * 2 * leg * np.sin(0.25), rel=0.05)


def test_what_a_key_leaves_open_is_no_error():
    assert error(KeyPose(0, {"left_elbow": JointKey(rotation=STANDS.rotations[0, SMPL.index("left_elbow")])})).cm < 1e-6


def test_place_height_and_heading_count_where_they_are_bound():
    root = STANDS.root[2]
    assert error(replace(key(), height=float(root[1]) - 0.2)).cm == pytest.approx(20.0)
    assert error(replace(key(), ground=root[[0, 2]] + [0.3, 0.4])).cm == pytest.approx(50.0)
    turned = error(replace(key(), heading=1.3))
    assert turned.degrees == pytest.approx(np.rad2deg(0.3), rel=1e-3) and turned.cm > 5.0


def test_the_report_has_the_error_at_every_key_whose_frame_is_known():
    def report(**options):
        request = GenerateRequest((Segment("a person walks", options.pop("start", 0)),), **options)
        return MotionGPT2(bundle(), FakeEngine(only(0))).generate(request, lambda *_: None, lambda: False)[1]

    sits = motion(np.array([8]))
    joints = {name: JointKey(rotation=q) for name, q in zip(SMPL.names, sits.rotations[0], strict=True)}
    seat = KeyPose(115, joints, height=float(sits.root[0, 1]))
    found = report(start=100, seconds=1, keys=(seat, key(129)))
    met, stood = found.key_errors
    assert (met.frame, stood.frame, found.fps) == (115, 129, 30)
    # the feet are put on the floor: the height that was keyed hangs in the air
    assert met.degrees < 1.0 and stood.degrees < 1.0 and stood.cm < 5.0
    missed = report(seconds=1, task="key_poses", keys=(replace(seat, frame=15), key(29)))
    assert missed.key_errors[0].degrees == pytest.approx(90.0, abs=20.0) and missed.key_errors[0].cm > 20.0
    again = Report.from_dict(json.loads(json.dumps(found.to_dict())))
    assert (again.fps, again.key_errors) == (found.fps, found.key_errors)
    older = {name: value for name, value in found.to_dict().items() if name not in ("fps", "key_errors")}
    assert (Report.from_dict(older).fps, Report.from_dict(older).key_errors) == (None, ())
    assert report(seconds=1, timed=False, keys=(seat, seat)).key_errors == ()
    given = motion(np.zeros(60, int))
    beside = report(seconds=1, keys=(replace(seat, frame=17),), context=Context(given, given))
    assert beside.key_errors[0].frame == 17 and beside.key_errors[0].degrees < 3.0
