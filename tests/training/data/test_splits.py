"""The committed division of the data: no group in two splits, subjects held out whole, the rule reproducible."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np

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


def test_a_committed_group_is_known_however_it_is_written():
    """Another index of the same database must not turn held-out trials into training data."""
    for group, split in COMMITTED.groups.items():
        subject, label = group.split("/", 1)
        assert COMMITTED.of(clip(f"{subject}/{label.upper()}  ")) == split


def test_a_source_keeps_its_own_division():
    assert COMMITTED.of(replace(clip("08/walk"), split="train")) == "train"


def test_what_is_in_no_list_is_divided_by_its_group_alone():
    assert COMMITTED.of(clip("08/juggles")) == "test_subjects"
    assert COMMITTED.of(replace(clip("08/juggles"), source="folder")) != "test_subjects"
    takes = [clip(f"{s}/act {k} {n:02}") for s in range(100, 140) for k in "abcdefghij" for n in (1, 2, 3)]
    found = {c.group: COMMITTED.of(c) for c in takes}
    for group, split in found.items():  # the takes of one action stay together
        assert split == found[group[:-2] + "01"]
    count = Counter(found.values())
    share = {name: n / len(takes) for name, n in count.items()}
    assert 0.06 < share["test_trials"] < 0.14 and 0.02 < share["val"] < 0.08 and set(share) < set(splits.NAMES)
    assert COMMITTED.of(takes[5]) == found[takes[5].group]  # whatever else is there
