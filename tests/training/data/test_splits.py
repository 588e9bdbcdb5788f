"""The committed division of the data: no group in two splits, subjects held out whole, the rule reproducible."""

import json
from collections import Counter

import numpy as np
import pytest

from training.data import splits
from training.data.clip import Clip

COMMITTED = splits.load()


def clip(group, motion=None, name=None):
    subject, label = group.split("/", 1)
    return Clip(name or group, "cmu", subject, label, motion)


def test_no_group_is_in_two_splits():
    """JSON would silently keep the last of two equal keys."""
    seen = Counter()
    json.loads(
        splits.FILE.read_text(encoding="utf-8"), object_pairs_hook=lambda pairs: seen.update(k for k, _ in pairs)
    )
    assert max(seen.values()) == 1
    assert set(COMMITTED.groups.values()) == set(splits.NAMES)


def test_subjects_are_held_out_whole():
    for group, split in COMMITTED.groups.items():
        held = group.split("/")[0] in splits.HELD_OUT_SUBJECTS
        assert held == (split == "test_subjects"), group
    assert {g.split("/")[0] for g, s in COMMITTED.groups.items() if s == "test_subjects"} == {"02", "08", "49"}


def test_a_tenth_and_a_twentieth():
    count = Counter(COMMITTED.groups.values())
    free = sum(count.values()) - count["test_subjects"]
    assert count["test_trials"] == round(0.10 * free) and count["val"] == round(0.05 * free)


def test_the_rule_gives_the_committed_file():
    groups = [clip(g) for g in COMMITTED.groups]
    assert [c.group for c in groups] == list(COMMITTED.groups)
    assert splits.divide(groups) == COMMITTED.groups


def test_the_rule_does_not_depend_on_order_or_on_how_many_clips_a_group_has():
    groups = [f"{s:02}/label {k}" for s in range(1, 11) for k in range(20)]
    once = splits.divide(clip(g) for g in groups)
    rng = np.random.default_rng(0)
    again = splits.divide(clip(groups[i]) for i in rng.choice(len(groups), 3000))
    assert once == again
    count = Counter(once.values())
    assert count == {"test_subjects": 40, "test_trials": 16, "val": 8, "train": 136}
    assert all((g[:2] in ("02", "08")) == (s == "test_subjects") for g, s in once.items())


def test_one_movement_shipped_twice_is_one_group():
    names = ("Crawl", "Crawl RM", "Roll", "Roll_RM", "Walk_Loop", "Walk", "Arm Loop", "Looping", "Storm")
    groups = [clip(f"mesh2motion/{n}").group.split("/")[1] for n in names]
    assert groups == ["Crawl", "Crawl", "Roll", "Roll", "Walk", "Walk", "Arm", "Looping", "Storm"]


def test_an_unknown_group_is_an_error_and_never_training_data():
    with pytest.raises(ValueError, match=r"99_01.*'99/juggles'.*splits\.json"):
        COMMITTED.of(clip("99/juggles", name="99_01"))
    assert COMMITTED.of(clip("08/walk")) == "test_subjects"
