"""Batches by length: every clip once an epoch, little padding, the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.data.made_source import Made
from training.data import batches, build
from training.data.batches import Bucketing, plan


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 700), min_size=1, max_size=200),
    st.integers(40, 2000),
    st.integers(1, 8),
    st.integers(1, 60),
    st.integers(0, 3),
)
def test_every_clip_that_is_long_enough_is_there_once(lengths, frames, multiple, shortest, epoch):
    config = Bucketing(frames=frames, longest=300, shortest=shortest, multiple=multiple, spread=2)
    usable = {i for i, n in enumerate(lengths) if n >= shortest and min(n, 300, frames) >= multiple}
    if not usable:
        with pytest.raises(ValueError, match="no clip has"):
            plan(lengths, config, epoch)
        return
    made = plan(lengths, config, epoch)
    parts = [part for batch in made for part in batch]
    assert sorted(p.record for p in parts) == sorted(usable)
    for part in parts:
        assert part.length % multiple == 0 and part.start >= 0 and part.start + part.length <= lengths[part.record]
        assert part.length > min(lengths[part.record], 300, frames) - multiple
    for batch in made:
        assert len(batch) * max(p.length for p in batch) <= frames
    assert made == plan(lengths, config, epoch)


def test_little_padding_and_another_order_each_epoch():
    rng = np.random.default_rng(0)
    lengths = rng.integers(20, 400, 3000).tolist()
    config = Bucketing()
    made = plan(lengths, config, 0)
    padded = sum(len(b) * max(p.length for p in b) for b in made)
    own = sum(p.length for b in made for p in b)
    assert own / padded > 0.93
    # without sorting a third would be padding
    shuffled = rng.permutation(lengths)
    assert own / sum(16 * max(shuffled[i : i + 16]) for i in range(0, 3000, 16)) < 0.65
    following = plan(lengths, config, 1)
    assert [p.record for b in made for p in b] != [p.record for b in following for p in b]
    assert max(p.length for b in made for p in b) == 396


def test_batches_hold_the_clips_own_frames_and_repeat_the_last(tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    for name, frames in (("good_1", 30), ("good_2", 45), ("good_3", 13)):
        (folder / f"{name}.txt").write_text(str(frames))
    dataset = build.build(tmp_path / "set", [Made(folder)])
    (batch,) = batches.batches(dataset, dataset.records, Bucketing(frames=1000), 0)
    assert batch.arrays["rotations"].shape == (3, 44, 22, 4) and batch.mask.shape == (3, 44)
    for k, record in enumerate(batch.records):
        length = int(batch.lengths[k])
        assert length == record.frames // 4 * 4 and batch.mask[k].sum() == length
        start = int(batch.starts[k])
        root, own = batch.arrays["root"][k], dataset.arrays(record)["root"]
        assert np.array_equal(own[start : start + length], root[:length])  # every frame of it lies at another place
        assert (root[length:] == root[length - 1]).all()


def test_starts_tell_the_part_of_a_long_clip(tmp_path):
    """What is said of seconds of a clip can be found again in the part that was drawn."""
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "good_1.txt").write_text("200")
    dataset = build.build(tmp_path / "set", [Made(folder)])
    drawn = set()
    for epoch in range(6):
        (batch,) = batches.batches(dataset, dataset.records, Bucketing(longest=40), epoch)
        (start,) = batch.starts
        whole = dataset.arrays(dataset.records[0])["rotations"]
        assert np.array_equal(batch.arrays["rotations"][0], whole[start : start + 40])
        drawn.add(int(start))
    assert len(drawn) > 3 and all(0 <= start <= 160 for start in drawn)
