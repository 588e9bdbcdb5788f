"""What the tokenizer reads from a data set: one split with its mirrors, masks and weights."""

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.features import ms272
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from training.data import feature_set
from training.data.clip import Clip


def random_clip(name, frames, seed, start=(0.0, 0.9, 0.0), subject="01", label="walk"):
    """Smooth random poses on a long root path at up to 3 m/s."""
    rng = np.random.default_rng(seed)
    t = np.arange(frames)[:, None, None] / 30
    speed, phase, size = (rng.uniform(0.5, 3.0, (1, 22, 3)) for _ in range(3))
    velocity = np.cumsum(rng.normal(0, 0.01, (frames, 3)), axis=0) * [1, 0.02, 1]
    root = np.cumsum(np.clip(velocity, -0.1, 0.1), axis=0) + start
    motion = Motion(canonical(), root, rot.exp(0.9 * size * np.sin(speed * t + 2 * phase)), 30)
    return Clip(name, "cmu", subject, label, motion)


def test_held_masks_what_was_not_there(make):
    features = ms272.encode(make.walk(0.5))
    longer, mask = feature_set.held(features)
    assert longer.shape == (feature_set.MIN_FRAMES, 272) and mask.tolist() == [True] * 15 + [False] * 15
    np.testing.assert_array_equal(longer[:15], features)
    there = ms272.decode(longer)
    still = there[14:]
    assert np.ptp(still.root, axis=0).max() < 1e-6  # stands where it was, as it was
    assert rot.angle_between(still.rotations, still.rotations[:1]).max() < 1e-5
    same, mask = feature_set.held(ms272.encode(make.walk(2.0)))
    assert len(same) == 60 and mask.all()
    assert len(feature_set.held(features[:1], frames=8)[0]) == 8


def test_labels_weigh_by_the_square_root_of_their_seconds():
    clips = [random_clip(f"w{k}", n, k, label="walk") for k, n in enumerate((900, 1500, 600))]
    clips += [random_clip("k", 30, 9, label="kick")]
    weights = feature_set.label_weights(clips)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[:3].sum() / weights[3] == pytest.approx(np.sqrt(100 / 1))  # 100 s of walking, 1 s of kicks
    np.testing.assert_allclose(weights[:3] / weights[0], np.array([900, 1500, 600]) / 900)
    assert len(feature_set.label_weights([])) == 0


def test_load_gives_one_split_with_its_mirrors():
    clips = [
        random_clip("a", 40, 1, label="walk"),
        random_clip("b", 20, 2, label="kick"),
        random_clip("c", 40, 3, label="held back"),
    ]

    class Held:
        """As a data set answers."""

        def clips(self, split):
            return clips[:2] if split == "train" else clips[2:]

    train, val = feature_set.load(Held(), "train"), feature_set.load(Held(), "val", mirrored=False)
    assert train.ids == ["a", "a~", "b", "b~"] and val.ids == ["c"]
    assert [len(f) for f in train.features] == [40, 40, 30, 30]
    assert [int(m.sum()) for m in train.mask] == [40, 40, 20, 20]
    assert train.weights.sum() == pytest.approx(1.0) and train.weights[0] == train.weights[1]
    assert train.weights[0] / train.weights[2] == pytest.approx(np.sqrt(2.0))
    turn = lambda f: ms272.integrate(f.astype(float))[0][-1]  # noqa: E731
    assert turn(train.features[0]) == pytest.approx(-turn(train.features[1]), abs=1e-4)
