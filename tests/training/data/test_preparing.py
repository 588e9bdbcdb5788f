"""From a take to a motion on our skeleton and what is said of it."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.features import humanml263, motionx623
from backend.motion.kinematics import joint_positions
from backend.motion.motion import Motion
from backend.motion.resample import resample
from backend.motion.skeleton import canonical
from training.data import phrases, preparing
from training.data.caption_lines import CaptionLine
from training.data.sources.take import Rows, Take

WORDS = phrases.read()
SPANS = (CaptionLine("whole"), CaptionLine("early", start=0.0, end=0.5), CaptionLine("both", start=0.5, end=2.0),
         CaptionLine("late", start=3.0, end=9.0))  # fmt: skip


def take(motion, label="no such label", source="folder", **more):
    return Take("t", source, "01", label, motion, **more)


def test_a_motion_on_our_skeleton_is_kept_as_it_is(make):
    walk = make.walk(2.0)
    motion, captions = preparing.prepare(take(walk, captions=SPANS[:1]), "smpl22", WORDS)
    np.testing.assert_array_equal(motion.rotations, walk.rotations)
    assert captions == SPANS[:1]


def test_another_rate_and_other_bones_become_ours(make):
    walk = resample(make.walk(2.0), Fraction(60))
    scaled = Motion(canonical().with_offsets(canonical().offsets * 1.3), walk.root * 1.3, walk.rotations, 60)
    motion, _ = preparing.prepare(take(scaled), "smpl22", WORDS)
    assert motion.fps == 30 and len(motion) == 60
    np.testing.assert_array_equal(motion.skeleton.offsets, canonical().offsets)
    np.testing.assert_allclose(motion.root, make.walk(2.0).root, atol=5e-3)


def test_with_hands_a_body_without_them_gets_hands_at_rest(make):
    motion, _ = preparing.prepare(take(make.walk(1.0)), "smplx52", WORDS)
    assert motion.skeleton.kind == "smplx52"
    assert rot.angle(motion.rotations[:, 22:]).max() < 1e-6
    np.testing.assert_allclose(joint_positions(motion)[:, :22], joint_positions(make.walk(1.0)), atol=1e-6)


@pytest.mark.parametrize("codec, kind", [(humanml263, "smpl22"), (motionx623, "smplx52")])
def test_published_rows_become_motions_without_being_cut(make, codec, kind):
    walk = make.walk(3.0, turn=0.5)
    if kind == "smplx52":
        skeleton = canonical(kind)
        rotations = np.tile(rot.IDENTITY, (len(walk), len(skeleton), 1))
        rotations[:, :22] = walk.rotations
        walk = Motion(skeleton, walk.root, rotations, 30)
    walk = resample(walk, codec.FPS)
    rows = codec.encode(walk)
    motion, captions = preparing.prepare(
        Take("t", "humanml3d", "s", "", rows=Rows(codec.NAME, rows), captions=SPANS), kind, WORDS
    )
    assert motion.skeleton.kind == kind and captions == SPANS
    assert motion.seconds == pytest.approx(len(rows) / codec.FPS, abs=0.1)
    there = resample(motion, codec.FPS)
    travelled = np.linalg.norm((there.root[-1] - there.root[0])[[0, 2]])
    wanted = np.linalg.norm((walk.root[len(there) - 1] - walk.root[0])[[0, 2]])
    assert travelled == pytest.approx(wanted, rel=0.05)


def test_what_is_said_moves_with_what_is_cut_off(make):
    """A T-pose of a second before the take: the sentences' seconds begin behind it."""
    tpose, walk = make.stand(1.0, make.arms(0, 0)), make.walk(4.0)
    root, rotations = (np.concatenate([getattr(m, n) for m in (tpose, walk)]) for n in ("root", "rotations"))
    whole = take(Motion(canonical(), root, rotations, 30), captions=SPANS, tpose_start=True)
    motion, captions = preparing.prepare(whole, "smpl22", WORDS)
    cut = 5.0 - motion.seconds
    assert 0.9 < cut < 1.5
    found = {c.caption: (c.start, c.end) for c in captions}
    assert found["whole"] == (None, None) and "early" not in found
    assert found["both"] == (0.0, pytest.approx(2.0 - cut))
    assert found["late"] == (pytest.approx(3.0 - cut), pytest.approx(motion.seconds))


def test_spans_are_cut_to_the_part_that_is_kept():
    assert preparing.within(SPANS, 0.0, 10.0) == SPANS
    assert [c.caption for c in preparing.within(SPANS, 2.0, 3.0)] == ["whole"]
    assert preparing.within(SPANS, 1.0, 4.0) == (
        SPANS[0], replace(SPANS[2], start=0.0, end=1.0), replace(SPANS[3], start=2.0, end=3.0),
    )  # fmt: skip


def test_our_own_labels_bring_their_sentences_and_their_exclusions(make):
    said = WORDS["cmu"]["walk"]["sentences"]
    _, captions = preparing.prepare(take(make.walk(2.0), "walk", "cmu", captions=SPANS[:1]), "smpl22", WORDS)
    assert [c.caption for c in captions] == said
    _, captions = preparing.prepare(take(make.walk(2.0), "juggles", "cmu", captions=SPANS[:1]), "smpl22", WORDS)
    assert captions == SPANS[:1]
    with pytest.raises(preparing.LeftOut, match="T-pose"):
        preparing.prepare(take(make.stand(2.0), "T-Pose", "cc0"), "smpl22", WORDS)


def test_loops_of_game_clips_are_unrolled_and_travel(make):
    """A cycle of one second in place becomes three seconds that cover ground; an idle stays where it is."""

    def prepared(label, motion, library):
        return preparing.prepare(replace(take(motion, label, "cc0"), subject=library), "smpl22", WORDS)[0]

    walk = prepared("Walk_Loop", make.treadmill(), "mesh2motion")
    assert walk.seconds >= 3 and walk.root[-1, 2] > 1.1 * walk.seconds
    idle = prepared("Idle_Loop", make.stand(1.0), "mesh2motion")
    assert idle.seconds >= 3 and np.ptp(idle.root[:, [0, 2]], axis=0).max() < 1e-6
    hurried = prepared("Walking_A", make.treadmill(speed=2.0, frames=16), "kaykit")
    assert hurried.root[-1, 2] / hurried.seconds == pytest.approx(1.5, abs=0.1)  # 2 m/s was the figure's legs


def test_figures_of_other_proportions_are_put_on_the_ground(make):
    """Lying on the back, the skin touches the floor; what only finds the feet's floor leaves the body in it."""
    label = next(
        k for k, v in WORDS["cc0"].items() if v["slots"]["verb"] == "lie" and not v["exclude"] and not v["loop"]
    )
    lying = make.stand(2.0, {"pelvis": make.about("x", -np.pi / 2)})
    deep, touching = (
        preparing.prepare(replace(take(lying, label, "cc0"), subject=library), "smpl22", WORDS)[0].root[:, 1]
        for library in ("mesh2motion", "kaykit")
    )
    assert touching == pytest.approx(np.full(60, 0.1), abs=0.02) and deep.max() < 0.05
