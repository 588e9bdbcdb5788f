"""Limb correction: feet and hands come to their goals, limbs bend as they did, and nothing snaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.motion import kinematics, limbs, proportions, retarget
from backend.motion import rotations as rot
from backend.motion.limbs import LimbCorrection, reaching
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical

X, Y, Z = np.eye(3)
SIDES = ("left_", "right_")
BASE = canonical()


def limb(bend, size=(0.42, 0.4), turn=rot.IDENTITY):
    """start, middle, end and pole of a knee bent by ``bend`` degrees (..., ), turned as a whole by ``turn`` (4,)."""
    a, b = size
    bend = np.deg2rad(np.asarray(bend, float))[..., None]
    start = np.zeros((*bend.shape[:-1], 3))
    middle = start - a * Y
    end = middle - b * (np.cos(bend) * Y + np.sin(bend) * Z)
    return [rot.rotate(turn, v) for v in (start, middle, end, start + Z)]


def reached(start, middle, end, goal, pole):
    """Where knee and ankle come to."""
    upper, lower = reaching(start, middle, end, goal, pole)
    knee = start + rot.rotate(upper, middle - start)
    return knee, knee + rot.rotate(lower, end - middle)


unit = st.tuples(*[st.floats(-1, 1) for _ in range(3)]).filter(lambda v: np.linalg.norm(v) > 0.1).map(rot.normalize)


@settings(max_examples=150, deadline=None)
@given(
    bend=st.floats(1.0, 140.0),
    vector=unit,
    size=st.tuples(st.floats(0.2, 0.6), st.floats(0.2, 0.6)),
    share=st.floats(0.0, 1.0),
    way=unit,
)
def test_the_end_reaches_every_goal_within_reach(bend, vector, size, share, way):
    start, middle, end, pole = limb(bend, size, rot.exp(3.0 * vector))
    a, b = size
    nearest = max(np.sqrt(a * a + b * b - 2 * a * b * np.cos(np.deg2rad(25))), 1e-3)
    goal = start + way * (nearest + share * (0.997 * (a + b) - nearest))
    knee, ankle = reached(start, middle, end, goal, pole)
    assert np.linalg.norm(ankle - goal) < 1e-6
    assert np.linalg.norm(knee - start) == pytest.approx(a, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(bend=st.floats(30.0, 140.0), new=st.floats(1.0, 150.0), vector=unit, swing=unit)
def test_a_bent_limb_stays_in_its_plane(bend, new, vector, swing):
    start, middle, end, pole = limb(bend, turn=rot.exp(3.0 * vector))
    distance = np.linalg.norm(limb(new)[2])
    turned = rot.exp(0.3 * swing)
    goal = start + rot.rotate(turned, rot.normalize(end - start)) * distance
    knee, ankle = reached(start, middle, end, goal, pole)
    carry = rot.between(end - start, goal - start)
    normal = rot.rotate(carry, rot.cross(middle - start, end - start))
    assert abs(rot.normalize(normal) @ rot.normalize(knee - start)) < 1e-6
    bent = rot.cross(knee - start, ankle - start)
    assert bent @ normal > 0, "it bends to the other side"


def test_where_it_is_already_nothing_moves():
    start, middle, end, pole = limb(np.linspace(0, 140, 300))
    upper, lower = reaching(start, middle, end, end, pole)
    assert max(rot.angle(upper).max(), rot.angle(lower).max()) < 1e-6


@pytest.mark.parametrize("twist", [0, 40, 170, -90])
def test_a_straight_limb_bends_where_its_hinge_points(twist):
    start, middle, end, _ = limb(np.zeros(1))
    pole = rot.rotate(rot.exp(Y * np.deg2rad(twist)), Z)[None]
    knee, ankle = reached(start, middle, end, 0.9 * end, pole)
    assert np.abs(ankle - 0.9 * end).max() < 1e-9
    assert rot.normalize(knee - 0.9 * middle)[0] @ pole[0] > 0.999


def test_a_knee_that_gives_way_backwards_bends_forwards_without_a_jump():
    """From bent to overstretched by 5 degrees and back, while the goal asks for a little bend."""
    bend = 12.0 * np.cos(np.linspace(0, 2 * np.pi, 600)) + 7.0
    start, middle, end, pole = limb(bend)
    knee, ankle = reached(start, middle, end, 0.99 * end, pole)
    assert np.abs(ankle - 0.99 * end).max() < 1e-9
    assert knee[:, 2].min() > 0.01
    assert np.linalg.norm(np.diff(knee, axis=0), axis=-1).max() < 0.004


def test_a_goal_out_of_reach_is_approached_without_a_snap():
    distance = np.linspace(0.6, 1.1, 2001)
    start, middle, end, pole = limb(np.full(len(distance), 60.0))
    goal = start - distance[:, None] * rot.normalize(np.array([0.1, 1.0, 0.2]))
    knee, ankle = reached(start, middle, end, goal, pole)
    length = np.linalg.norm(ankle - start, axis=-1)
    assert (np.diff(length) > -1e-12).all() and 0.82 - 1e-6 < length[-1] <= 0.82 + 1e-12
    assert np.abs(np.diff(length, 2)).max() < 3e-5  # no kink
    assert np.linalg.norm(np.diff(knee, axis=0), axis=-1).max() < 0.004
    assert rot.normalize(ankle)[-1] @ rot.normalize(goal)[-1] > 1 - 1e-9


def test_no_goal_folds_a_limb_flat():
    start, middle, end, pole = limb(np.full(50, 90.0))
    goal = start + np.linspace(0.3, 0.0, 50)[:, None] * rot.normalize(end - start)
    knee, ankle = reached(start, middle, end, goal, pole)
    inside = rot.normalize(start - knee) * rot.normalize(ankle - knee)
    assert np.rad2deg(np.arccos(inside.sum(axis=-1))).min() > 24.9
    assert np.isfinite(knee).all()


def test_a_limb_that_lies_on_itself_is_no_division_by_zero():
    start, middle, _, pole = limb(np.zeros(2), (0.3, 0.3))
    knee, ankle = reached(start, middle, start, np.stack([start[0], start[0] - 0.2 * Y]), pole)
    assert np.isfinite(knee).all() and np.isfinite(ankle).all()


# ---- on bodies ----


def body(legs=1.0, arms=1.0, feet=1.0, hips=1.0, shoulders=1.0, thighs=1.0):
    part = {
        "knee": legs * thighs,
        "ankle": legs,
        "elbow": arms,
        "wrist": arms,
        "foot": feet,
        "hip": hips,
        "shoulder": shoulders,
    }
    scale = np.array([part.get(n.split("_")[-1], 1.0) for n in BASE.names])
    return BASE.with_offsets(BASE.offsets * scale[:, None])


BODIES = {
    "long legs": body(legs=1.2), "short arms": body(arms=0.8), "broad": body(hips=1.3, shoulders=1.3),
    "big feet": body(feet=1.4),
    "child": body(legs=0.7, arms=0.75, feet=0.9, hips=0.8, shoulders=0.8),
}  # fmt: skip
WIDE = {"wide hips": body(hips=2.2), "long thighs": body(thighs=1.3, hips=2.5)}
"""their straight legs are too short for feet that stand close together"""


def walking(skeleton=BASE, frames=80):
    """Knees, hips, ankles and arms as in a walk; the pelvis high enough for them."""
    t = np.linspace(0, 4 * np.pi, frames)
    rotations = np.tile(rot.IDENTITY, (frames, len(skeleton), 1))
    for side, phase in (("left_", 0.0), ("right_", np.pi)):
        swing = 0.45 * np.sin(t + phase)
        bend = 0.25 + 0.25 * np.cos(t + phase)
        arm = rot.multiply(
            rot.exp(Y * (0.2 if side == "left_" else -0.2)), rot.exp(Z * (-1.3 if side == "left_" else 1.3))
        )
        for joint, q in (
            ("hip", rot.from_axis_angle(X, -swing - bend / 2)), ("knee", rot.from_axis_angle(X, bend)),
            ("ankle", rot.from_axis_angle(X, 0.5 * np.sin(t + phase + 1))), ("shoulder", np.tile(arm, (frames, 1))),
            ("elbow", rot.from_axis_angle(Y, (-0.4 - bend) * (1 if side == "left_" else -1))),
        ):  # fmt: skip
            rotations[:, skeleton.index(side + joint)] = q
    root = np.stack([0.02 * np.sin(t), np.full(frames, 0.9), 0.01 * np.arange(frames)], axis=-1)
    return Motion(skeleton, root, rotations)


STANDING = slice(30, 51)
"""frames in which ``standing_straight`` stands with straight legs"""


def standing_straight(frames=81):
    """Sinks from straight legs, close together, into its knees and comes up again; the feet stay where they are."""
    down = np.cos(np.linspace(-np.pi, np.pi, frames)) ** 2
    down[STANDING] = 0.0
    rotations = np.tile(rot.IDENTITY, (frames, 22, 1))
    for side, out in (("left_", -0.05), ("right_", 0.05)):
        hip = rot.multiply(rot.exp(out * Z), rot.from_axis_angle(X, -0.4 * down))
        for joint, q in (("hip", hip), ("knee", rot.from_axis_angle(X, 0.8 * down))):
            rotations[:, BASE.index(side + joint)] = q
        below = kinematics.pose(Motion(BASE, np.zeros((frames, 3)), rotations))[1][:, BASE.index(side + "knee")]
        rotations[:, BASE.index(side + "ankle")] = rot.inverse(below)
    low = kinematics.joint_positions(Motion(BASE, np.zeros((frames, 3)), rotations))[..., 1].min(axis=1)
    return Motion(BASE, np.stack([0 * low, -low, 0 * low], axis=-1), rotations)


def goals_of(source, there, moved):
    """(T, 2, 3) where the ankles of ``moved`` have to be."""
    points, goal, turned = retarget.slot_points(BASE), retarget.slot_points(there), kinematics.pose(moved)[1]
    return np.stack(
        [
            proportions.ankle_goal(side, positions(source), points, goal, turned[:, BASE.index(side + "ankle")])
            for side in SIDES
        ],
        axis=1,
    )


def positions(motion):
    at = kinematics.joint_positions(motion)
    return {name: at[:, j] for j, name in enumerate(motion.skeleton.names)}


def test_strength_zero_is_bit_identical_to_none(random_motion):
    for motion in (walking(), random_motion(seed=3)):
        for there in BODIES.values():
            plain = retarget.retarget(motion, target=there)
            zero = retarget.retarget(motion, target=there, correction=LimbCorrection(0.0, 0.0))
            assert np.array_equal(plain.rotations, zero.rotations) and np.array_equal(plain.root, zero.root)


@pytest.mark.parametrize("part, kept", [("feet", ("shoulder", "elbow")), ("hands", ("hip", "knee", "ankle"))])
def test_each_part_leaves_the_other_alone(part, kept):
    off = LimbCorrection(**{other: float(other == part) for other in ("feet", "hands")})
    there = retarget.retarget(walking(), target=BODIES["child"], correction=off)
    plain = retarget.retarget(walking(), target=BODIES["child"])
    joints = [BASE.index(side + joint) for side in SIDES for joint in kept]
    assert np.array_equal(there.rotations[:, joints], plain.rotations[:, joints])


@pytest.mark.parametrize("scale", [1.0, 1.7])
def test_on_the_same_proportions_nothing_moves(scale):
    there = BASE.with_offsets(BASE.offsets * scale)
    plain = retarget.retarget(walking(), target=there)
    same = retarget.retarget(walking(), target=there, correction=LimbCorrection())
    assert rot.angle_between(plain.rotations, same.rotations).max() < 1e-5


@pytest.mark.parametrize("name", BODIES)
def test_flat_feet_stand_where_the_source_stands_scaled(name):
    source, there = walking(), BODIES[name]
    _, world = kinematics.pose(source)
    level = source.rotations.copy()
    for side in SIDES:  # feet as flat as on the floor
        level[:, BASE.index(side + "ankle")] = rot.inverse(world[:, BASE.index(side + "knee")])
    source = Motion(BASE, source.root, level)
    points, goal = retarget.slot_points(BASE), retarget.slot_points(there)
    moved = positions(retarget.retarget(source, target=there, correction=LimbCorrection()))
    for side in SIDES:
        wanted = retarget.hips_path(positions(source)[side + "ankle"], points, goal)
        assert np.linalg.norm(moved[side + "ankle"] - wanted, axis=-1).max() < 0.003


@pytest.mark.parametrize("name", BODIES)
def test_toes_stay_on_the_floor_when_the_heel_rises(name):
    """The foot tips forward about toes that stay where they are."""
    tip = np.linspace(0.0, 1.0, 60)
    rotations = np.tile(rot.IDENTITY, (60, 22, 1))
    for side in SIDES:
        for joint, angle in (("hip", -0.5 + 0 * tip), ("knee", 1.0 + 0 * tip), ("ankle", tip - 0.5)):
            rotations[:, BASE.index(side + joint)] = rot.from_axis_angle(X, angle)
    still = positions(Motion(BASE, np.zeros((60, 3)), rotations))["left_foot"]
    source = Motion(BASE, -still * [0, 1, 1], rotations)
    assert np.abs(positions(source)["left_foot"][:, 1:]).max() < 1e-9
    moved = positions(retarget.retarget(source, target=BODIES[name], correction=LimbCorrection()))
    for side in SIDES:
        toes = moved[side + "foot"]
        assert np.abs(toes[:, 1]).max() < 0.004
        assert np.ptp(toes[:, 2]) < 0.01


@pytest.mark.parametrize("name", BODIES)
def test_hands_that_meet_meet_again(name):
    frames = 30
    rotations = np.tile(rot.IDENTITY, (frames, 22, 1))
    root = np.tile([0.0, 0.95, 0.0], (frames, 1))
    shoulder = BASE.rest_positions[BASE.index("left_shoulder")]
    height = np.linspace(-0.25, 0.25, frames)
    for side in SIDES:
        start, middle, end = (BASE.rest_positions[BASE.index(side + j)] for j in ("shoulder", "elbow", "wrist"))
        goal = np.stack([0 * height, shoulder[1] + height, 0 * height + 0.35], axis=-1)
        spread = [np.tile(v, (frames, 1)) for v in (start, middle, end)]
        upper, lower = reaching(*spread, goal, np.tile(-Z, (frames, 1)))
        rotations[:, BASE.index(side + "shoulder")] = upper
        rotations[:, BASE.index(side + "elbow")] = rot.multiply(rot.inverse(upper), lower)
    source = Motion(BASE, root, rotations)
    apart = positions(source)["left_wrist"] - positions(source)["right_wrist"]
    assert np.abs(apart).max() < 1e-6
    moved = positions(retarget.retarget(source, target=BODIES[name], correction=LimbCorrection()))
    assert np.linalg.norm(moved["left_wrist"] - moved["right_wrist"], axis=-1).max() < 0.002
    assert np.abs(moved["left_wrist"][:, 0]).max() < 0.002


@pytest.mark.parametrize("name", BODIES)
def test_arms_beside_the_body_hang_as_they_did(name):
    plain = retarget.retarget(walking(), target=BODIES[name])
    there = retarget.retarget(walking(), target=BODIES[name], correction=LimbCorrection(0.0, 1.0))
    assert np.rad2deg(rot.angle_between(plain.rotations, there.rotations)).max() < 4.0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", BODIES)
def test_hands_and_feet_keep_how_they_are_turned(name, seed, random_motion):
    motion = random_motion(seed=seed)
    plain = retarget.retarget(motion, target=BODIES[name])
    there = retarget.retarget(motion, target=BODIES[name], correction=LimbCorrection())
    ends = [BASE.index(side + joint) for side in SIDES for joint in ("ankle", "wrist", "foot")]
    assert rot.angle_between(kinematics.pose(plain)[1][:, ends], kinematics.pose(there)[1][:, ends]).max() < 1e-6


@pytest.mark.parametrize("name", BODIES)
def test_what_moves_smoothly_still_does(name):
    """A walk of 240 frames a second: no joint may jump in one of them."""
    there = retarget.retarget(walking(frames=640), target=BODIES[name], correction=LimbCorrection())
    steps = np.rad2deg(rot.angle_between(there.rotations[1:], there.rotations[:-1]))
    assert steps.max() < 3.0


@pytest.mark.parametrize("there", (BODIES | WIDE).values(), ids=BODIES | WIDE)
def test_feet_that_stand_reach_their_goals(there):
    source = standing_straight()
    moved = retarget.retarget(source, target=there, correction=LimbCorrection())
    ankles = np.stack([positions(moved)[side + "ankle"] for side in SIDES], axis=1)
    assert np.linalg.norm(ankles - goals_of(source, there, moved), axis=-1).max() < 1e-3


@pytest.mark.parametrize("there", WIDE.values(), ids=WIDE)
def test_hips_sink_where_straight_legs_are_too_short(there):
    source = standing_straight()
    plain = retarget.retarget(source, target=there)
    moved = retarget.retarget(source, target=there, correction=LimbCorrection())
    drop = plain.root - moved.root
    assert np.array_equal(drop[:, [0, 2]], np.zeros((81, 2)))
    assert drop[STANDING, 1].min() > 0.005 and drop[:, 1].min() >= 0.0
    assert np.abs(np.diff(drop[:, 1])).max() < 0.15 * drop[:, 1].max()
    half = retarget.retarget(source, target=there, correction=LimbCorrection(0.5, 1.0))
    assert np.allclose(plain.root - half.root, drop / 2)


def test_hips_stay_where_every_goal_is_in_reach():
    source = standing_straight()
    moved = retarget.retarget(source, target=BODIES["big feet"], correction=LimbCorrection())
    assert np.abs(moved.root - retarget.retarget(source, target=BODIES["big feet"]).root).max() < 1e-12


def test_hips_stay_where_feet_are_left_alone():
    source = standing_straight()
    moved = retarget.retarget(source, target=WIDE["wide hips"], correction=LimbCorrection(0.0, 1.0))
    assert np.array_equal(moved.root, retarget.retarget(source, target=WIDE["wide hips"]).root)


def test_takes_that_are_moved_together_move_as_alone():
    takes, there = [walking(frames=50), standing_straight()], WIDE["wide hips"]
    together = retarget.retarget_together(takes, target=there, correction=LimbCorrection())
    for take, moved in zip(takes, together):
        alone = retarget.retarget(take, target=there, correction=LimbCorrection())
        assert np.array_equal(alone.root, moved.root) and np.array_equal(alone.rotations, moved.rotations)


@settings(max_examples=60, deadline=None)
@given(start=unit, axis=unit)
def test_a_foot_that_turns_any_way_has_no_goal_that_jumps(start, axis):
    """Round in steps of a thirtieth of a degree, 12 cm too long: upside down, upright, on its side."""
    turn = rot.multiply(rot.from_axis_angle(axis, np.linspace(0, 2 * np.pi, 10_801)), rot.exp(3.0 * start))
    points, goal = retarget.slot_points(BASE), retarget.slot_points(body(feet=2.0))
    still = {"left_ankle": np.zeros((10_801, 3)), "left_foot": np.zeros((10_801, 3))}
    steps = np.diff(proportions.ankle_goal("left_", still, points, goal, turn), axis=0)
    assert np.linalg.norm(steps, axis=-1).max() < 0.003


@pytest.mark.parametrize("roll", [-30, 20])
def test_a_foot_rolls_on_the_edge_that_the_source_rolls_on(roll):
    """Toes of a flat foot stay where they are however it rolls, on a foot with a higher ankle too."""
    turn = rot.from_axis_angle(Z, np.deg2rad(np.linspace(0, roll, 9)))
    points, there = retarget.slot_points(BASE), body(feet=1.8)
    way = points["left_foot"] - points["left_ankle"]
    at = {"left_ankle": -rot.rotate(turn, way), "left_foot": np.zeros((9, 3))}
    goal = retarget.slot_points(there)
    ankle = proportions.ankle_goal("left_", at, points, goal, turn)
    toes = ankle + rot.rotate(turn, goal["left_foot"] - goal["left_ankle"])
    assert np.ptp(toes, axis=0).max() < 1e-9


def test_half_a_strength_goes_half_the_way():
    moved = [
        positions(retarget.retarget(walking(), target=BODIES["broad"], correction=correction))["left_ankle"]
        for correction in (LimbCorrection(0.0, 0.0), LimbCorrection(0.5, 0.0), LimbCorrection(1.0, 0.0))
    ]
    off, half, full = moved
    assert np.linalg.norm(full - off, axis=-1).max() > 0.02
    assert np.linalg.norm(half - (off + full) / 2, axis=-1).max() < 0.002


def test_a_source_without_toes_has_its_ankles_scaled():
    points = {n: p for n, p in retarget.slot_points(BASE).items() if "foot" not in n}
    at = np.random.default_rng(0).normal(size=(5, 3))
    big = {n: 1.5 * p for n, p in points.items()}
    goal = proportions.ankle_goal("left_", {"left_ankle": at}, points, big, np.tile(rot.IDENTITY, (5, 1)))
    assert np.allclose(goal, 1.5 * at)


@pytest.mark.parametrize("values", [{"feet": -0.1}, {"hands": 1.1}, {"feet": float("nan")}])
def test_a_strength_lies_between_0_and_1(values):
    with pytest.raises(ValueError, match="between 0 and 1, got"):
        LimbCorrection(**values)


def test_a_pole_of_any_length_is_good_enough():
    start, middle, end, pole = limb(np.zeros(3))
    one = limbs.reaching(start, middle, end, 0.9 * end, pole)
    two = limbs.reaching(start, middle, end, 0.9 * end, 7.0 * pole + 3.0 * Y)
    assert np.allclose(one, two)
