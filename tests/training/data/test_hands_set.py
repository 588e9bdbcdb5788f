"""Recordings with hands: which are taken, what is said of them, and how short ones are encoded."""

from dataclasses import replace

import numpy as np
import pytest

from backend.motion.features.codec import codec
from backend.motion.skeleton import SMPL22_NAMES
from tests.training.recipes.hand_clips import HandClips
from training.data import augment, hands_set, segments
from training.data.language_set import Mixture
from training.metrics import fingers

CODEC = codec("motionx623")


def test_figures_without_fingers_are_left_out():
    taken = hands_set.read(HandClips(), "val", "test_trials").clips
    labels = {split: [clip.label for clip in clips] for split, clips in taken.items()}
    assert labels == {"val": ["Two-hand Blast"], "test_trials": ["Greeting", "Crawl"]}


def test_minutes_count_moving_fingers_alone():
    greeting, crawl = HandClips().clips("test_trials")
    whole, moving = hands_set.minutes([greeting, crawl])
    assert whole == pytest.approx(2 * 46 / 30 / 60)
    assert moving == pytest.approx(hands_set.minutes([greeting])[1]) and moving > 0
    assert hands_set.minutes([crawl])[1] == 0


def test_speed_is_what_the_finger_joints_turn_in_a_second():
    motion = HandClips().clips("test_trials")[1].motion
    rotations = motion.rotations.copy()
    angle = np.radians(3.0) * np.arange(len(rotations)) / 2
    turning = np.zeros((len(rotations), 4))
    turning[:, 0], turning[:, 3] = np.cos(angle), np.sin(angle)
    rotations[:, len(SMPL22_NAMES) : len(SMPL22_NAMES) + 3] = turning[:, None]  # 3 of 30 joints, 3 degrees a frame
    moving = replace(motion, rotations=rotations)
    assert fingers.speed(moving) == pytest.approx(np.full(len(rotations) - 6, 3 * 30 * 3 / 30))


def test_fingers_that_tremble_do_not_move():
    motion = HandClips().clips("test_trials")[1].motion
    rotations = motion.rotations.copy()
    rotations[1::2, len(SMPL22_NAMES) :] = (np.cos(0.1), 0, 0, np.sin(0.1))
    rotations[::2, len(SMPL22_NAMES) :] = (1, 0, 0, 0)
    assert fingers.speed(replace(motion, rotations=rotations)).max() < 1e-3


def test_captions_are_those_of_the_set_without_hands_where_it_has_the_segment():
    hands, known = hands_set.read(HandClips(), "train"), segments.committed()
    said = hands.captions
    assert set(said) == {s.id for s in segments.both_sides(hands.clips["train"])}
    assert all(len(captions) >= 3 for captions in said.values())
    assert all(said[name] == known[name] for name in said.keys() & known.keys())


def test_a_short_motion_stands_still_at_its_end_and_that_does_not_count():
    (clip,) = HandClips(frames=13).clips("test_trials")[:1]
    record = hands_set.Record([{"text": "a person greets"}], [clip.motion], 1.0)
    found = hands_set.features([record], CODEC)
    assert found.features[0].shape == (30, 623) and found.mask[0].tolist() == [True] * 12 + [False] * 18
    velocities = found.features[0][13:, CODEC.layout["velocities"]]
    assert np.abs(velocities).max() < 1e-6
    (codable,) = hands_set.codable([record], CODEC)
    assert np.array_equal(CODEC.encode(codable.motions[0]), found.features[0])


def test_made_motions_have_the_fingers_of_the_arms_that_they_borrow(monkeypatch):
    legs, upper = (clip.motion for clip in HandClips().clips("train")[:2])
    there = augment.overlay(legs, upper)
    assert np.array_equal(there.rotations[:, len(SMPL22_NAMES) :], upper.rotations[:, len(SMPL22_NAMES) :])
    monkeypatch.setattr(hands_set, "FEW", Mixture(joins=2, overlays=1))
    hands = hands_set.read(HandClips(), "train", "val")
    made, recorded = (hands.records(split) for split in ("train", "val"))
    segments_of = {split: sum(1 for _ in segments.both_sides(clips)) for split, clips in hands.clips.items()}
    # each with a warp of it, and the joins
    assert len(made) >= 2 * segments_of["train"] + 2 and len(recorded) == segments_of["val"]
    assert sum(record.weight for record in made) == pytest.approx(1.0, abs=0.08)
