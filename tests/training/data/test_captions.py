"""The committed captions: enough for every segment, in the right split, with the sides of what is seen."""

import json
import re
from collections import Counter, defaultdict

import pytest

from training.data import segments, splits
from training.data.captions.compose import MAX_WORDS
from training.data.captions.grammar import swap_slots
from training.data.clip import Clip

OTHER = {"left": "right", "right": "left", "around_left": "around_right", "around_right": "around_left"}


@pytest.fixture(scope="module")
def records():
    return json.loads(segments.CAPTIONS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pairs(records):
    """(original, mirror) of every segment."""
    by_id = {r["id"]: r for r in records}
    assert len(by_id) == len(records)
    found = [(r, by_id[r["id"] + "~"]) for r in records if not r["mirrored"]]
    assert 2 * len(found) == len(records)
    return found


def texts(records):
    return [(r["id"], t, s) for r in records for t, s in zip(r["sentences"], r["slots"])]


def values(slots):
    """All values of slots, nested ones too."""
    for value in slots.values():
        if isinstance(value, (dict, list)):
            for one in value if isinstance(value, list) else [value]:
                yield from values(one)
        else:
            yield value


def words(text):
    return set(re.findall(r"[a-z]+", text.lower()))


def swapped(slots):
    """Slots as they must read in the mirror."""
    if isinstance(slots, dict):
        return {k: swapped(v) for k, v in slots.items()}
    if isinstance(slots, list):
        return [swapped(v) for v in slots]
    return OTHER.get(slots, swap_slots(slots))


def test_every_segment_has_enough_to_say(records):
    for r in records:
        assert len(r["sentences"]) == len(r["slots"]) and len({s.lower() for s in r["sentences"]}) >= 3, r["id"]
        name = f"{r['clip']}#{r['start']}-{r['end']}" + ("~" if r["mirrored"] else "")
        assert r["id"] == name and r["seconds"] == pytest.approx((r["end"] - r["start"]) / 30, abs=0.006)
        assert 0.3 < r["seconds"] <= 10


def test_sentences_are_clean(records):
    for name, text, _ in texts(records):
        assert text.isascii() and text == " ".join(text.split()) and 0 < len(text.split()) <= MAX_WORDS, (name, text)
        assert not re.search(r"[{}<>_#]|\bnone\b", text, re.I), (name, text)
        assert not re.search(r"\b(\w+) \1\b", text, re.I), (name, text)
        assert not re.search(r"\ban [bcdfgjklmnpqrstvwxyz]", text, re.I), (name, text)


def test_words_and_slots_speak_of_the_same_side(records):
    for name, text, slots in texts(records):
        said, meant = words(text), {str(v).removeprefix("around_") for v in values(slots)}
        for side in ("left", "right"):
            if side in meant and OTHER[side] not in meant:
                assert side in said or OTHER[side] not in said, (name, text, slots)
        if meant & {"left", "right"} == {"right"}:
            assert not said & {"counterclockwise", "anticlockwise"}, (name, text)
        if meant & {"left", "right"} == {"left"}:
            assert "clockwise" not in said, (name, text)


def test_mirrors_speak_of_the_other_side(pairs):
    """Exactly for turns and directions. A hand may be named on both sides of the mirror when both hands did it."""
    differing = []
    for plain, mirror in pairs:
        assert (plain["clip"], plain["start"], plain["end"], plain["split"]) == (
            mirror["clip"], mirror["start"], mirror["end"], mirror["split"]
        )  # fmt: skip
        for key in ("turn", "direction"):
            seen, reflected = ({s[key] for s in r["slots"] if s.get(key) in OTHER} for r in (plain, mirror))
            assert not (seen & reflected) or len(seen | reflected) == 2, plain["id"]
            assert swapped(plain["slots"][0]).get(key) == mirror["slots"][0].get(key), plain["id"]
        if swapped(plain["slots"][0]) != mirror["slots"][0]:
            differing.append(plain["id"])
    assert len(differing) < 0.01 * len(pairs), differing


def test_every_clip_is_in_the_committed_split(records):
    table = splits.load()
    of_subject = defaultdict(set)
    for group, split in table.groups.items():
        of_subject[group.split("/")[0]].add(split)
    of_clip = defaultdict(set)
    for r in records:
        of_clip[r["clip"]].add(r["split"])
    for name, found in of_clip.items():
        (split,) = found  # windows, events and mirrors of one clip stay together
        subject, _, label = name.partition("_")
        if subject in ("salsa", "indian"):
            label = subject
        if label.isdigit():  # a CMU trial: its label is not part of its name
            assert split in of_subject[subject], name
            assert (subject in splits.HELD_OUT_SUBJECTS) == (split == "test_subjects"), name
        else:
            assert table.of(Clip(name, "", subject, label, None)) == split, name


def test_every_split_has_something_to_say(records):
    seconds = Counter()
    for r in records:
        seconds[r["split"]] += r["seconds"]
    assert set(seconds) == set(splits.NAMES)
    assert seconds["train"] > 10 * seconds["val"]


def test_slips_of_the_keyboard_are_some_and_not_most(records):
    shouted = [t for _, t, _ in texts(records) if t[0].isupper()]
    assert 0.02 < len(shouted) / len(texts(records)) < 0.15
