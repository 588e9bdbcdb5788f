"""Several bones in a slot, and twist bones beside them: who turns by how much."""

import numpy as np
import pytest

from backend.motion import chains, kinematics, retarget
from backend.motion import rotations as rot
from backend.motion.bone_map import BoneMap, Controls
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical

X, Y, Z = np.eye(3)
SEGMENTS = {"hip": "knee", "knee": "ankle", "shoulder": "elbow", "elbow": "wrist"}
BASE = canonical()
T_POSE = dict(zip(BASE.names, BASE.rest_positions))


def a_pose():
    """Points of the canonical body with its arms hanging at 50 degrees and its elbows a little bent."""
    turned = np.tile(rot.IDENTITY, (1, 22, 1))
    for side, sign in (("left_", 1), ("right_", -1)):
        turned[0, BASE.index(side + "shoulder")] = rot.exp(Z * np.deg2rad(-50 * sign))
        turned[0, BASE.index(side + "elbow")] = rot.exp(Y * np.deg2rad(-18 * sign))
    positions, _ = kinematics.forward(BASE, np.zeros((1, 3)), turned)
    return dict(zip(BASE.names, positions[0]))


def split(points, parts=(0.0, 0.4), twists=()):
    """A map with limbs in bones that begin at ``parts`` of their segments, twist bones at ``twists``, a spine2 of
    three bones and a neck of two; and the heads of all of them."""
    slots = {name: (name,) for name in points}
    heads = {name: points[name] for name in points}
    controls = {}
    for side in ("left_", "right_"):
        for part, below in SEGMENTS.items():
            slot, start = side + part, points[side + part]
            way = points[side + below] - start
            slots[slot] = (slot, *(f"{slot}.{k}" for k in range(1, len(parts))))
            heads |= {bone: start + at * way for bone, at in zip(slots[slot], parts)}
            if twists:
                controls[slot] = Controls(twist=tuple(f"{slot}.twist{k}" for k in range(len(twists))))
                heads |= {bone: start + at * way for bone, at in zip(controls[slot].twist, twists)}
    for slot, below, at in (("spine2", "spine3", (0.0, 0.2, 0.5)), ("neck", "head", (0.0, 0.75))):
        slots[slot] = (slot, *(f"{slot}.{k}" for k in range(1, len(at))))
        heads |= {b: points[slot] + k * (points[below] - points[slot]) for b, k in zip(slots[slot], at)}
    return BoneMap("split", slots, controls), heads


def turns_of(motion, points, bone_map, heads):
    """What ``bone_turns`` gives, and the turns of whole slots."""
    offsets = retarget.offsets_between(T_POSE, points)
    world = {n: kinematics.pose(motion)[1][:, j] for j, n in enumerate(BASE.names)}
    return chains.bone_turns(bone_map, world, offsets, heads), {s: rot.multiply(world[s], offsets[s]) for s in world}


def turning(joint, axis, degrees):
    """One joint alone turns about an axis of the world at rest."""
    rotations = np.tile(rot.IDENTITY, (len(degrees), 22, 1))
    rotations[:, BASE.index(joint)] = rot.from_axis_angle(axis, np.deg2rad(degrees))
    return Motion(BASE, np.zeros((len(degrees), 3)), rotations)


def between(a, b):
    return np.rad2deg(rot.angle_between(a, b))


def test_one_bone_in_a_slot_has_its_whole_turn(random_motion):
    points = a_pose()
    one = BoneMap("one", {n: (n.upper(),) for n in points})
    turns, whole = turns_of(random_motion(), points, one, {n.upper(): p for n, p in points.items()})
    assert set(turns) == {n.upper() for n in points}
    assert all(np.array_equal(turns[s.upper()], whole[s]) for s in whole)


@pytest.mark.parametrize("points", [T_POSE, a_pose()], ids=["T-pose", "A-pose"])
def test_nothing_is_twisted_in_the_reference_pose(points):
    offsets = retarget.offsets_between(T_POSE, points)
    bone_map, heads = split(points, twists=(0.25, 0.75))
    world = {s: np.tile(rot.inverse(q), (3, 1)) for s, q in offsets.items()}
    turns = chains.bone_turns(bone_map, world, offsets, heads)
    assert set(turns) == {b for bones in bone_map.slots.values() for b in bones} | {
        b for c in bone_map.controls.values() for b in c.twist
    }
    assert max(rot.angle(q).max() for q in turns.values()) < 1e-6


@pytest.mark.parametrize("axis", [X, Y, Z])
def test_a_spine_shares_bend_and_twist_by_length(axis):
    bone_map, heads = split(T_POSE)
    turns, _ = turns_of(turning("spine2", axis, [0, 30, 60]), T_POSE, bone_map, heads)
    for bone, share in zip(bone_map.slots["spine2"], (0.2, 0.5, 1.0)):
        assert np.allclose(between(turns[bone], rot.IDENTITY), share * np.array([0, 30, 60]), atol=1e-6)
    turns, _ = turns_of(turning("neck", axis, [40]), T_POSE, bone_map, heads)
    assert between(turns["neck"], rot.IDENTITY) == pytest.approx(30)
    assert between(turns["neck.1"], rot.IDENTITY) == pytest.approx(40)


@pytest.mark.parametrize("points", [T_POSE, a_pose()], ids=["T-pose", "A-pose"])
@pytest.mark.parametrize("seed", range(3))
def test_split_limbs_stay_straight(points, seed, random_motion):
    bone_map, heads = split(points, (0.0, 0.3, 0.6), twists=(0.1, 0.9))
    turns, whole = turns_of(random_motion(seed=seed, amount=2.0), points, bone_map, heads)
    for side in ("left_", "right_"):
        for part, below in SEGMENTS.items():
            slot, way = side + part, points[side + below] - points[side + part]
            for bone in bone_map.slots[slot] + bone_map.controls[slot].twist:
                assert np.abs(rot.rotate(turns[bone], way) - rot.rotate(whole[slot], way)).max() < 1e-9
            carrier = bone_map.carrier(slot)
            assert rot.angle_between(turns[carrier], whole[slot]).max() < 1e-6


@pytest.mark.parametrize("parts", [(0.0, 0.5), (0.0, 0.3, 0.6)])
@pytest.mark.parametrize("seed", range(3))
def test_crooked_split_limbs_end_where_whole_ones_do(parts, seed, random_motion):
    """Bones that are not in one line, as MakeHuman's thighs: each twists about its own."""
    points = a_pose()
    bone_map, heads = split(points, parts)
    heads = {bone: head + (0.04 * np.sin([1, 2, 3]) if "." in bone else 0.0) for bone, head in heads.items()}
    turns, whole = turns_of(random_motion(seed=seed, amount=2.0), points, bone_map, heads)
    for slot in (side + part for side in ("left_", "right_") for part in SEGMENTS):
        bones, end = bone_map.slots[slot], points[slot.split("_")[0] + "_" + SEGMENTS[slot.split("_")[1]]]
        places = [heads[bone] for bone in bones] + [end]
        reached = sum(rot.rotate(turns[b], after - here) for b, here, after in zip(bones, places, places[1:]))
        assert np.abs(reached - rot.rotate(whole[slot], end - points[slot])).max() < 1e-5, slot
        assert max(between(turns[b], whole[slot]).max() for b in bones) > 3.0, "no twist to share"


@pytest.mark.parametrize("points", [T_POSE, a_pose()], ids=["T-pose", "A-pose"])
def test_bones_in_one_place_twist_about_the_segment(points, random_motion):
    bone_map, heads = split(points, (0.0, 0.0, 0.5))
    turns, whole = turns_of(random_motion(), points, bone_map, heads)
    way = points["left_knee"] - points["left_hip"]
    for bone in bone_map.slots["left_hip"]:
        assert np.abs(rot.rotate(turns[bone], way) - rot.rotate(whole["left_hip"], way)).max() < 1e-9


@pytest.mark.parametrize("points", [T_POSE, a_pose()], ids=["T-pose", "A-pose"])
@pytest.mark.parametrize("side", ["left_", "right_"])
def test_a_turned_hand_is_shared_along_the_forearm(points, side):
    bone_map, heads = split(points, twists=(0.25, 0.75))
    arm = rot.normalize(T_POSE[side + "wrist"] - T_POSE[side + "elbow"])
    hand = np.array([0.0, 60.0, 110.0])
    turns, _ = turns_of(turning(side + "wrist", arm, hand), points, bone_map, heads)
    forearm = side + "elbow"
    for bone, share in (
        (forearm, 0.0),
        (forearm + ".1", 0.4),
        (forearm + ".twist0", 0.25),
        (forearm + ".twist1", 0.75),
    ):
        moved = between(turns[bone][0], turns[bone])
        assert np.allclose(moved, share * hand, atol=1e-5), bone


def test_an_upper_arm_turns_back_towards_the_shoulder():
    bone_map, heads = split(T_POSE, twists=(0.0, 0.5))
    turns, _ = turns_of(turning("left_shoulder", X, [0, 25, 50]), T_POSE, bone_map, heads)
    upper = "left_shoulder"
    for bone, share in ((upper, 0.4), (upper + ".1", 1.0), (upper + ".twist0", 0.0), (upper + ".twist1", 0.5)):
        assert np.allclose(between(turns[bone], rot.IDENTITY), share * np.array([0, 25, 50]), atol=1e-6), bone


def test_a_hand_that_turns_round_and_round_does_not_jump():
    bone_map, heads = split(T_POSE, twists=(0.5,))
    turns, _ = turns_of(turning("left_wrist", X, np.arange(0, 800, 10.0)), T_POSE, bone_map, heads)
    for bone, share in (("left_elbow.1", 0.4), ("left_elbow.twist0", 0.5)):
        assert np.allclose(between(turns[bone][1:], turns[bone][:-1]), 10 * share, atol=1e-5)


def spin(turns, along):
    """Degrees about ``along`` from each frame to the next."""
    step = rot.shortest(rot.multiply(turns[1:], rot.inverse(turns[:-1])))
    return np.rad2deg(np.abs(2 * np.arctan2(np.einsum("ti,ti->t", step[:, 1:], along[:-1]), step[:, 0])))


@pytest.mark.parametrize("seed", range(6))
def test_no_bone_turns_much_faster_than_its_limb(seed, random_motion):
    """Whatever the limbs do, overhead and through the body too."""
    points = a_pose()
    bone_map, heads = split(points, twists=(0.0, 0.5))
    turns, whole = turns_of(random_motion(frames=120, seed=seed, amount=6.0), points, bone_map, heads)
    for side in ("left_", "right_"):
        for part, below in SEGMENTS.items():
            slot = side + part
            along = rot.rotate(whole[slot], rot.normalize(points[side + below] - points[slot]))
            near = [slot, side + below, chains.slot_above(bone_map, slot)]
            allowed = np.max([spin(whole[s], along) for s in near], axis=0) + 5.0
            for bone in bone_map.slots[slot] + bone_map.controls[slot].twist:
                assert (spin(turns[bone], along) <= allowed).all(), bone


def test_slots_that_the_rig_lacks_are_passed_over(random_motion):
    slots = {n: (n,) for n in BASE.names if n not in ("spine1", "spine2", "neck", "left_collar")}
    slots["spine3"] = ("chest", "spine3")
    heads = {n: T_POSE[n] for n in slots} | {"chest": T_POSE["spine1"]}
    turns, whole = turns_of(random_motion(), T_POSE, BoneMap("short", slots), heads)
    assert set(turns) == {b for bones in slots.values() for b in bones}
    length = np.linalg.norm(T_POSE["spine3"] - T_POSE["spine1"])
    share = length / (length + np.linalg.norm(T_POSE["head"] - T_POSE["spine3"]))
    assert np.allclose(turns["chest"], rot.slerp(whole["pelvis"], whole["spine3"], share))
