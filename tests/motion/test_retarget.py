"""The retargeter: rebinding a skeleton must not change the motion; other proportions must not change the posture."""

import numpy as np
import pytest

from backend.motion import kinematics, retarget
from backend.motion import rotations as rot
from backend.motion.anatomy import REQUIRED, body_axes, canonical_frames, kind_of, rest_frames, t_pose_frames
from backend.motion.bone_map import BoneMap
from backend.motion.formats import npz
from backend.motion.hands import without_hands
from backend.motion.mirror import mirror
from backend.motion.motion import Motion
from backend.motion.skeleton import KINDS, Skeleton, canonical

X, Y, Z = np.eye(3)
LIMBS = (
    ("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"),
)  # fmt: skip


def rebound(motion: Motion, turned: dict[str, np.ndarray]) -> Motion:
    """The same movement on the same body bound in another pose: ``turned`` gives the local rotation that each named
    joint has in the new rest pose. Joint positions of every frame stay what they were."""
    skeleton = motion.skeleton
    rest = np.tile(rot.IDENTITY, (len(skeleton), 1))
    for j, (name, p) in enumerate(zip(skeleton.names, skeleton.parents)):
        above = rest[p] if p >= 0 else rot.IDENTITY
        rest[j] = rot.multiply(above, turned.get(name, rot.IDENTITY))
    offsets = np.array(
        [np.zeros(3) if p < 0 else rot.rotate(rest[p], o) for p, o in zip(skeleton.parents, skeleton.offsets)]
    )
    bound = Skeleton("other", skeleton.names, skeleton.parents, offsets)
    _, world = kinematics.forward(skeleton, motion.root, motion.rotations)
    local = kinematics.local_from_world(bound, rot.multiply(world, rot.inverse(rest)))
    result = Motion(bound, motion.root, local, motion.fps, motion.contacts)
    assert np.allclose(kinematics.joint_positions(result), kinematics.joint_positions(motion), atol=1e-9)
    return result


def about(axis, degrees):
    return rot.exp(np.asarray(axis) * np.deg2rad(degrees))


A_POSE = {"left_shoulder": about(Z, -45), "right_shoulder": about(Z, 45)}
LOW_A_POSE = {"left_shoulder": about(Z, -75), "right_shoulder": about(Z, 75)}
SPREAD_LEGS = {
    "left_hip": about(Z, 20), "left_ankle": about(Z, -20), "right_hip": about(Z, -20), "right_ankle": about(Z, 20),
}  # fmt: skip
ROLLED_ARMS = {"left_wrist": about(X, 80), "right_wrist": about(X, 60), "left_shoulder": about(Z, -30)}
ARMS_FORWARD = {"left_shoulder": about(Y, -90), "right_shoulder": about(Y, 90)}
GLOBAL = {"pelvis": rot.multiply(about(Y, 130), about(X, -90))}
TILTED = {"pelvis": rot.multiply(about(Y, 30), about(X, 50))}
BINDS = {"A-pose": A_POSE, "low A-pose": LOW_A_POSE, "spread legs": SPREAD_LEGS | A_POSE, "Z up, turned": GLOBAL,
         "tilted": TILTED, "Z up, A-pose": GLOBAL | A_POSE}  # fmt: skip


def directions(motion: Motion) -> np.ndarray:
    """(T, limbs, 3) unit world directions of arms and legs."""
    at, i = kinematics.joint_positions(motion), motion.skeleton.index
    return np.stack(
        [rot.normalize(at[:, i(s + b)] - at[:, i(s + a)]) for s in ("left_", "right_") for a, b in LIMBS], axis=1
    )


def stretched(skeleton: Skeleton, legs=1.0, arms=1.0, all_=1.0) -> Skeleton:
    scale = {"knee": legs, "ankle": legs, "elbow": arms, "wrist": arms}
    factors = [all_ * scale.get(n.split("_")[-1], 1.0) for n in skeleton.names]
    return skeleton.with_offsets(skeleton.offsets * np.array(factors)[:, None])


@pytest.mark.parametrize("kind", KINDS)
def test_onto_itself_is_identity(kind, random_motion):
    motion = random_motion(canonical(kind))
    same = retarget.retarget(motion, target=canonical(kind))
    assert np.allclose(same.root, motion.root, atol=1e-9)
    assert rot.angle_between(same.rotations, motion.rotations).max() < 1e-7
    assert np.array_equal(same.contacts, motion.contacts)
    assert same.fps == motion.fps


@pytest.mark.parametrize("bind", BINDS)
def test_another_bind_pose_gives_the_same_motion(bind, random_motion):
    motion = random_motion()
    there = retarget.retarget(rebound(motion, BINDS[bind]))
    assert np.abs(directions(there) - directions(motion)).max() < 1e-6
    error = np.linalg.norm(kinematics.joint_positions(there) - kinematics.joint_positions(motion), axis=-1)
    assert error.max() < 1e-3
    assert rot.angle_between(there.rotations, motion.rotations).max() < 1e-5


@pytest.mark.parametrize("bind", [A_POSE, ROLLED_ARMS, ROLLED_ARMS | SPREAD_LEGS])
def test_knuckles_show_how_a_hand_is_rolled_at_rest(bind, random_motion):
    motion = random_motion(canonical("smplx52"))
    there = retarget.retarget(rebound(motion, bind), target=canonical("smplx52"))
    error = np.linalg.norm(kinematics.joint_positions(there) - kinematics.joint_positions(motion), axis=-1)
    assert error.max() < 1e-3


def test_a_straight_arm_along_the_reference_is_an_understandable_error(random_motion):
    with pytest.raises(ValueError, match="calibrate from another pose"):
        retarget.retarget(rebound(random_motion(), ARMS_FORWARD))


@pytest.mark.parametrize("legs, arms, all_", [(1.2, 1.0, 1.0), (0.8, 1.3, 1.0), (1.0, 1.0, 1.9), (1.1, 0.7, 0.5)])
@pytest.mark.parametrize("bind", ["none", "A-pose", "spread legs", "Z up, turned"])
def test_other_proportions_keep_the_posture(legs, arms, all_, bind, random_motion):
    motion = random_motion()
    body = stretched(canonical(), legs, arms, all_)
    source = Motion(body, motion.root, motion.rotations, motion.fps)
    there = retarget.retarget(rebound(source, BINDS.get(bind, {})))
    assert np.abs(directions(there) - directions(motion)).max() < 1e-6
    assert rot.angle_between(there.rotations, motion.rotations).max() < 1e-5


@pytest.mark.parametrize("bind", ["none", "A-pose", "spread legs", "Z up, turned"])
@pytest.mark.parametrize("legs, all_", [(1.2, 1.0), (0.8, 1.0), (1.0, 1.7)])
def test_standing_feet_stay_on_the_floor(legs, all_, bind):
    body = stretched(canonical(), legs, 1.0, all_)
    root = np.tile([0.3, body.hip_height, 0.2], (3, 1))
    source = rebound(Motion(body, root, np.tile(rot.IDENTITY, (3, 22, 1))), BINDS.get(bind, {}))
    there = kinematics.joint_positions(retarget.retarget(source))
    # A stance that the source's legs reach straight down is exact; its own spread stance is, in that stance
    lift = 0.0 if bind != "spread legs" else (1 - np.cos(np.deg2rad(20))) * 0.9
    assert abs(there[:, :, 1].min()) < 1e-9 + lift * abs(legs - 1.0)


def test_the_path_is_scaled_by_leg_length(random_motion):
    motion = random_motion()
    body = stretched(canonical(), all_=2.0)
    there = retarget.retarget(Motion(body, motion.root * 2.0, motion.rotations, motion.fps))
    assert np.allclose(there.root, motion.root, atol=1e-9)


def renamed(motion: Motion, name) -> tuple[Motion, BoneMap]:
    skeleton = motion.skeleton
    names = tuple(name(n) for n in skeleton.names)
    other = Skeleton("other", names, skeleton.parents, skeleton.offsets)
    bone_map = BoneMap("test", {n: (name(n),) for n in skeleton.names})
    return Motion(other, motion.root, motion.rotations, motion.fps), bone_map


def test_through_a_bone_map(random_motion):
    motion = random_motion()
    source, bone_map = renamed(motion, lambda n: "rig:" + n.upper())
    there = retarget.retarget(source, bone_map)
    assert rot.angle_between(there.rotations, motion.rotations).max() < 1e-7
    assert np.allclose(there.root, motion.root, atol=1e-9)


@pytest.mark.parametrize(
    "lost", [("left_foot", "right_foot"), ("neck",), ("spine2",), ("left_collar", "right_collar"), ("spine1", "spine2")]
)
def test_slots_that_the_source_lacks(lost, random_motion):
    motion = random_motion()
    source, bone_map = renamed(motion, str)
    slots = {s: b for s, b in bone_map.slots.items() if s not in lost}
    there = retarget.retarget(source, BoneMap("test", slots))
    _, wanted = kinematics.forward(motion.skeleton, motion.root, motion.rotations)
    _, world = kinematics.forward(there.skeleton, there.root, there.rotations)
    kept = [j for j, n in enumerate(motion.skeleton.names) if n not in lost]
    assert rot.angle_between(world[:, kept], wanted[:, kept]).max() < 1e-6
    if "foot" in lost[0]:  # feet without toes follow the ankle
        i = motion.skeleton.index
        assert rot.angle_between(world[:, i("left_foot")], world[:, i("left_ankle")]).max() < 1e-9


def test_a_lacking_spine_joint_is_shared_between_its_neighbours(random_motion):
    source, bone_map = renamed(random_motion(), str)
    slots = {s: b for s, b in bone_map.slots.items() if s != "spine2"}
    there = retarget.retarget(source, BoneMap("test", slots))
    _, world = kinematics.forward(there.skeleton, there.root, there.rotations)
    i = there.skeleton.index
    below, middle, above = (world[:, i(n)] for n in ("spine1", "spine2", "spine3"))
    whole = rot.angle_between(below, above)
    assert np.allclose(rot.angle_between(below, middle), whole / 2, atol=1e-6)


def test_two_bones_in_a_slot(random_motion):
    """The first bone gives the place, the last the orientation."""
    motion = random_motion()
    skeleton = motion.skeleton
    j = skeleton.index("neck")
    names = skeleton.names[: j + 1] + ("neck_b",) + skeleton.names[j + 1 :]
    above = [names.index(skeleton.names[p]) if p >= 0 else -1 for p in skeleton.parents]
    parents = above[: j + 1] + [j] + above[j + 1 :]
    offsets = np.insert(skeleton.offsets, j + 1, [0.0, 0.03, 0.0], axis=0)
    parents[names.index("head")] = j + 1
    rotations = np.insert(motion.rotations, j + 1, about(X, 20), axis=1)
    source = Motion(Skeleton("other", names, tuple(parents), offsets), motion.root, rotations, motion.fps)
    slots = {n: (n,) for n in skeleton.names} | {"neck": ("neck", "neck_b")}
    there = retarget.retarget(source, BoneMap("test", slots))
    expected = rot.multiply(motion.rotations[:, j], about(X, 20))
    assert rot.angle_between(there.rotations[:, j], expected).max() < 1e-6


# ---- the character's own skeleton ----


def rig_positions(points, parents, motion: Motion):
    """Where a rig's joints are when every slot's bone holds the Motion's posture and hangs on the slot above it."""
    base = canonical(motion.skeleton.kind)
    turn = retarget.offsets_between(dict(zip(base.names, base.rest_positions)), points)
    _, world = kinematics.forward(motion.skeleton, motion.root, motion.rotations)
    at = {"pelvis": motion.root}
    for slot in base.names[1:]:
        if slot in points:
            above = parents[slot]
            bone = rot.multiply(world[:, base.index(above)], turn[above])
            at[slot] = at[above] + rot.rotate(bone, points[slot] - points[above])
    return at


def rig_points(lost=(), bind=None, seed=1, kind="smpl22"):
    base = canonical(kind)
    rng = np.random.default_rng(seed)
    offsets = base.offsets * rng.uniform(0.8, 1.3, (len(base), 1)) + rng.normal(0, 0.01, (len(base), 3))
    offsets[0] = 0.0
    body = Motion(base.with_offsets(offsets), np.zeros((1, 3)), np.tile(rot.IDENTITY, (1, len(base), 1)))
    bound = rebound(body, bind or {}).skeleton
    points = {n: p for n, p in zip(base.names, bound.rest_positions) if n not in lost}
    parents = {}
    for name, p in zip(base.names, base.parents):
        while p >= 0 and base.names[p] in lost:
            p = base.parents[p]
        parents[name] = base.names[p] if p >= 0 else None
    return points, parents


LACKING = {
    "nothing": (), "toes": ("left_foot", "right_foot"), "neck": ("neck",), "spine2": ("spine2",),
    "spine1": ("spine1",), "spine1 and spine2": ("spine1", "spine2"), "collars": ("left_collar", "right_collar"),
    "toes, neck, spine2": ("left_foot", "right_foot", "neck", "spine2"),
    "head": ("head",), "neck and head": ("neck", "head"),
}  # fmt: skip


@pytest.mark.parametrize("lost", LACKING)
@pytest.mark.parametrize("bind", ["none", "A-pose", "spread legs"])
def test_character_skeleton_is_where_the_rig_is(lost, bind, random_motion):
    points, parents = rig_points(LACKING[lost], BINDS.get(bind))
    own = retarget.character_skeleton(points)
    assert own.kind == "smpl22"
    motion = random_motion(own, amount=1.5)
    there = kinematics.joint_positions(motion)
    for slot, expected in rig_positions(points, parents, motion).items():
        assert np.abs(there[:, own.index(slot)] - expected).max() < 1e-9, slot


def test_character_skeleton_with_fingers(random_motion):
    lost = ("left_pinky3", "right_ring2", "spine2")
    points, parents = rig_points(lost, A_POSE, kind="smplx52")
    own = retarget.character_skeleton(points, "smplx52")
    motion = random_motion(own)
    there = kinematics.joint_positions(motion)
    for slot, expected in rig_positions(points, parents, motion).items():
        assert np.abs(there[:, own.index(slot)] - expected).max() < 1e-9, slot


def test_character_skeleton_without_spine3_follows_while_it_turns_with_spine2(random_motion):
    points, parents = rig_points(("spine3",))
    own = retarget.character_skeleton(points)
    motion = random_motion(own)
    rotations = motion.rotations.copy()
    rotations[:, own.index("spine3")] = rot.IDENTITY
    motion = Motion(own, motion.root, rotations, motion.fps)
    there = kinematics.joint_positions(motion)
    for slot, expected in rig_positions(points, parents, motion).items():
        assert np.abs(there[:, own.index(slot)] - expected).max() < 1e-9, slot


def test_character_skeleton_of_the_canonical_body_is_canonical():
    base = canonical()
    own = retarget.character_skeleton(dict(zip(base.names, base.rest_positions)))
    assert np.allclose(own.offsets, base.offsets, atol=1e-12)


@pytest.mark.parametrize("bind", ["A-pose", "Z up, turned", "tilted"])
def test_character_skeleton_of_a_rebound_body_is_canonical(bind, random_motion):
    bound = rebound(random_motion(frames=1), BINDS[bind]).skeleton
    own = retarget.character_skeleton(retarget.slot_points(bound))
    assert np.allclose(own.offsets, canonical().offsets, atol=1e-9)


def test_character_skeleton_needs_a_pelvis():
    base = canonical()
    points = dict(zip(base.names, base.rest_positions))
    del points["pelvis"]
    with pytest.raises(ValueError, match="pelvis"):
        retarget.character_skeleton(points)


# ---- anatomical frames ----


@pytest.mark.parametrize("lost", REQUIRED)
def test_rest_frames_need_the_required_slots(lost):
    base = canonical()
    points = {n: p for n, p in zip(base.names, base.rest_positions) if n != lost}
    with pytest.raises(ValueError, match=lost):
        rest_frames(points)


def test_body_axes_of_the_canonical_body():
    base = canonical()
    left, up, forward = body_axes(dict(zip(base.names, base.rest_positions)))
    assert np.allclose([left, up, forward], np.eye(3))


def test_bent_elbows_at_rest_show_their_hinge(random_motion):
    motion = random_motion()
    bent = {"left_elbow": about(Y, -25), "right_elbow": about(Y, 25)}
    there = retarget.retarget(rebound(motion, bent))
    assert np.abs(directions(there) - directions(motion)).max() < 1e-6
    assert rot.angle_between(there.rotations, motion.rotations).max() < 1e-5


def test_bent_knees_at_rest_keep_the_limbs(random_motion):
    """Ankles behind the hips tilt the body's up a little, and the torso with it; the limbs stay exact."""
    motion = random_motion()
    bent = {s + j: about(X, d) for s in ("left_", "right_") for j, d in (("knee", 15), ("ankle", -15))}
    there = retarget.retarget(rebound(motion, bent))
    assert np.abs(directions(there) - directions(motion)).max() < 1e-6
    assert rot.angle_between(there.rotations, motion.rotations).max() < np.deg2rad(5)


def test_coinciding_joints_are_refused():
    base = canonical()
    points = dict(zip(base.names, np.zeros((22, 3))))
    with pytest.raises(ValueError):
        rest_frames(points)


# ---- a rest pose that is known ----


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bind", ["none", "Z up, turned"])
def test_a_canonical_t_pose_is_known_for_one(kind, bind, random_motion):
    bound = rebound(random_motion(canonical(kind), frames=1), BINDS.get(bind, {})).skeleton
    points = retarget.slot_points(bound)
    shown, known = rest_frames(points), t_pose_frames(points)
    assert kind_of(points) == kind and set(known) == set(shown)
    assert max(rot.angle_between(shown[s], known[s]) for s in shown) < 1e-6


def test_a_t_pose_that_looks_like_none_is_taken_at_its_word(random_motion):
    """Arms that slope and elbows that bend at rest, and the user says: this is a T-pose."""
    motion = random_motion()
    odd = {"left_shoulder": about(Z, -15), "left_elbow": about(Y, -20), "right_elbow": about(Y, 10)}
    points = retarget.slot_points(rebound(motion, odd).skeleton)
    frames = t_pose_frames(points)
    assert all(rot.angle_between(frames[s], f) < 1e-6 for s, f in canonical_frames("smpl22").items())
    base = canonical()
    offsets = retarget.offsets_between(dict(zip(base.names, base.rest_positions)), points, frames)
    assert max(rot.angle(q) for q in offsets.values()) < 1e-6
    own = retarget.character_skeleton(points, frames=frames)
    i = own.index
    assert np.allclose(own.rest_positions[i("left_wrist")] - own.rest_positions[i("left_shoulder")],
                       points["left_wrist"] - points["left_shoulder"])  # fmt: skip


def test_arms_forward_can_be_said_to_be_a_t_pose(random_motion):
    points = retarget.slot_points(rebound(random_motion(), ARMS_FORWARD).skeleton)
    assert set(t_pose_frames(points)) == set(points)


def test_a_target_whose_rest_is_known_to_be_canonical_takes_the_rotations_as_they_are(random_motion):
    points, _ = rig_points(bind=A_POSE, seed=4)
    own, motion = retarget.character_skeleton(points), random_motion()
    there = retarget.retarget(motion, target=own)
    assert rot.angle_between(there.rotations, motion.rotations).max() < 1e-7


@pytest.mark.parametrize("bind", ["A-pose", "spread legs", "tilted"])
@pytest.mark.parametrize("kind", KINDS)
def test_onto_the_same_rig_read_anew_is_exact(kind, bind, random_motion):
    """Whatever its joints look like at rest: shoulders that are not above the hips, elbows that are a little bent."""
    points, _ = rig_points(bind=BINDS[bind], seed=7, kind=kind)
    motion = random_motion(retarget.character_skeleton(points, kind))
    there = retarget.retarget(motion, target=retarget.character_skeleton(points, kind))
    assert np.rad2deg(rot.angle_between(there.rotations, motion.rotations)).max() < 1e-4
    assert np.allclose(there.root, motion.root, atol=1e-9)


def test_from_one_character_to_another_rotations_stay(random_motion):
    one, other = (retarget.character_skeleton(rig_points(bind=A_POSE, seed=s, kind="smplx52")[0]) for s in (2, 3))
    motion = random_motion(one)
    there = retarget.retarget(motion, target=other)
    assert rot.angle_between(there.rotations, motion.rotations).max() < 1e-7


def test_hands_without_knuckles_stay_as_they_are_on_a_character_with_fingers(random_motion):
    body, hands = (retarget.character_skeleton(rig_points(seed=5, kind=kind)[0], kind) for kind in KINDS)
    motion = random_motion(body)
    there = retarget.retarget(motion, target=hands)
    assert rot.angle_between(there.rotations[:, :22], motion.rotations).max() < 1e-7


def test_what_is_known_of_a_rest_pose_stays_known(random_motion, tmp_path):
    motion = random_motion(retarget.character_skeleton(rig_points(kind="smplx52")[0], "smplx52"))
    npz.write(tmp_path / "motion.npz", motion)
    kept = [without_hands(motion), mirror(motion), npz.read(tmp_path / "motion.npz")]
    assert all(m.skeleton.canonical_rest for m in kept)
    assert Skeleton.from_dict(motion.skeleton.to_dict()).canonical_rest
    older = canonical().to_dict()
    del older["canonical_rest"]
    assert not Skeleton.from_dict(older).canonical_rest


def test_joints_of_any_names_have_no_canonical_rest():
    base = canonical()
    with pytest.raises(ValueError, match="smplx52 have a canonical rest pose, got kind .other"):
        Skeleton("other", base.names, base.parents, base.offsets, canonical_rest=True)
