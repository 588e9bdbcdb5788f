"""The clips on disk: small, exact enough, and what the tokenizer reads from them."""

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.features import ms272
from backend.motion.kinematics import detect_contacts
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from training.data import cache, splits
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


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("cache") / "deep" / "clips.npz"
    clips = [
        random_clip("a", 3000, 1, start=(40.0, 0.9, -40.0)),
        random_clip("b", 1, 2),
        random_clip("c", 47, 3, start=(-3.0, 1.2, 7.0), subject="06", label="kick"),
    ]
    cache.save(clips, path)
    return path, clips


def test_round_trip(stored):
    path, clips = stored
    back = cache.clips(path)
    fields = lambda c: (c.id, c.source, c.subject, c.label, len(c.motion), c.motion.fps)  # noqa: E731
    assert [fields(c) for c in back] == [fields(c) for c in clips]
    for before, after in zip(clips, back):
        assert rot.angle_between(before.motion.rotations, after.motion.rotations).max() < 1e-3
        np.testing.assert_array_equal(after.motion.contacts, detect_contacts(after.motion))


def test_the_root_path_stays_true_over_a_hundred_seconds_forty_metres_away(stored):
    path, clips = stored
    for before, after in zip(clips, cache.clips(path)):
        error = np.linalg.norm(before.motion.root - after.motion.root, axis=1)
        assert error.max() < 1e-4  # fp16 rounds a step of 10 cm by 30 um: one rounding, not the sum of 3000
    far = cache.clips(path)[0].motion.root
    assert np.abs(far - far[0]).max() > 3  # it did travel


def test_about_thirty_one_megabytes_for_an_hour_and_a_half(stored):
    path, clips = stored
    frames = sum(len(c.motion) for c in clips)
    a_frame = 22 * 4 * 2 + 3 * 2
    assert path.stat().st_size - frames * a_frame < 4000  # headers and the index of three clips
    assert 30e6 < 1.6 * 3600 * 30 * a_frame < 33e6


def test_a_failed_write_leaves_the_old_file(stored, monkeypatch):
    path, clips = stored
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="space"):
        cache.save(clips[:1], path)
    assert path.read_bytes() == before


def test_a_missing_cache_says_how_to_build_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.npz.*python -m training data build"):
        cache.clips(tmp_path / "nothing.npz")


def test_held_masks_what_was_not_there(make):
    features = ms272.encode(make.walk(0.5))
    longer, mask = cache.held(features)
    assert longer.shape == (cache.MIN_FRAMES, 272) and mask.tolist() == [True] * 15 + [False] * 15
    np.testing.assert_array_equal(longer[:15], features)
    there = ms272.decode(longer)
    still = there[14:]
    assert np.ptp(still.root, axis=0).max() < 1e-6  # stands where it was, as it was
    assert rot.angle_between(still.rotations, still.rotations[:1]).max() < 1e-5
    same, mask = cache.held(ms272.encode(make.walk(2.0)))
    assert len(same) == 60 and mask.all()
    assert len(cache.held(features[:1], frames=8)[0]) == 8


def test_labels_weigh_by_the_square_root_of_their_seconds():
    clips = [random_clip(f"w{k}", n, k, label="walk") for k, n in enumerate((900, 1500, 600))]
    clips += [random_clip("k", 30, 9, label="kick")]
    weights = cache.label_weights(clips)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[:3].sum() / weights[3] == pytest.approx(np.sqrt(100 / 1))  # 100 s of walking, 1 s of kicks
    np.testing.assert_allclose(weights[:3] / weights[0], np.array([900, 1500, 600]) / 900)
    assert len(cache.label_weights([])) == 0


def test_load_gives_one_split_with_its_mirrors(tmp_path, monkeypatch):
    path = tmp_path / "clips.npz"
    clips = [
        random_clip("a", 40, 1, label="walk"),
        random_clip("b", 20, 2, label="kick"),
        random_clip("c", 40, 3, label="held back"),
    ]
    cache.save(clips, path)
    table = splits.Splits({"01/walk": "train", "01/kick": "train", "01/held back": "val"})
    monkeypatch.setattr(cache.splits, "load", lambda: table)
    train, val = cache.load("train", path=path), cache.load("val", mirrored=False, path=path)
    assert train.ids == ["a", "a~", "b", "b~"] and val.ids == ["c"]
    assert [len(f) for f in train.features] == [40, 40, 30, 30]
    assert [int(m.sum()) for m in train.mask] == [40, 40, 20, 20]
    assert train.weights.sum() == pytest.approx(1.0) and train.weights[0] == train.weights[1]
    assert train.weights[0] / train.weights[2] == pytest.approx(np.sqrt(2.0))
    turn = lambda f: ms272.integrate(f.astype(float))[0][-1]  # noqa: E731
    assert turn(train.features[0]) == pytest.approx(-turn(train.features[1]), abs=1e-4)
    monkeypatch.setattr(cache.splits, "load", lambda: splits.Splits({"01/walk": "train"}))
    with pytest.raises(ValueError, match="01/kick"):
        cache.load("train", path=path)
