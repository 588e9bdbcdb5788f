"""The numbers of a data set and their words, and which clips are chosen to be looked at."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.caption_lines import CaptionLine
from training.data.index import Index, LeftOut, Origin, Record
from training.data.inspection.choice import named, spread
from training.data.inspection.plain_text import encodable, printable
from training.data.inspection.report import heading, report
from training.data.inspection.statistics import length_names, measure, reasons, words_of


def record(name, frames=60, source="cmu", split="train", captions=(), subject="01", label="walk"):
    captions = tuple(c if isinstance(c, CaptionLine) else CaptionLine(c) for c in captions)
    return Record(name, source, subject, label, split, 0, 0, frames, captions)


RECORDS = (
    record("a", 200, captions=["a person walks", "somebody walks to the left"]),
    record("b", 201, split="test", subject="02"),
    record("c", 20, source="o3de", subject="", captions=["jumps", CaptionLine("lands", (), 0.5, 2)]),
    record("d", 21, source="o3de", subject="", captions=[CaptionLine("sits", (), 7, 9)]),
)


def test_counts_and_hours_by_source_and_split():
    found = measure(RECORDS, Fraction(20))
    assert (found.clips, found.frames) == (4, 442) and found.seconds == pytest.approx(22.1)
    shares = {key: (share.clips, round(share.seconds, 6)) for key, share in found.shares.items()}
    assert shares == {("cmu", "train"): (1, 10.0), ("cmu", "test"): (1, 10.05), ("o3de", "train"): (2, 2.05)}
    assert [key for key, _ in found.in_order()] == [("cmu", "train"), ("cmu", "test"), ("o3de", "train")]
    assert found.subjects == {"cmu/01": 1, "cmu/02": 1, "": 2}


def test_shares_come_in_the_order_of_all_splits_that_a_set_may_have():
    splits = ["train", "val", "test", "test_trials", "test_subjects"]
    found = measure([record(f"{k}", split=split) for k, split in enumerate(reversed(splits))], Fraction(20))
    assert [split for (_, split), _ in found.in_order()] == splits


def test_a_clip_of_exactly_ten_seconds_is_no_longer_one():
    lengths = dict(zip(length_names(), measure(RECORDS, Fraction(20)).lengths))
    assert lengths == {"0-1": 1, "1-2": 1, "2-4": 0, "4-6": 0, "6-8": 0, "8-10": 1, ">10": 1}


def test_captions_and_what_is_missing():
    found = measure(RECORDS, Fraction(20))
    assert found.captions == {0: 1, 1: 1, 2: 2}
    assert found.without_caption == ["b"] and found.beside_the_clip == ["d"]


def test_words():
    assert words_of("A man's well-known CAFÉ, 3 times!") == ["a", "man's", "well-known", "café", "times"]
    found = measure(RECORDS, Fraction(20))
    assert found.words.most_common(2) == [("walks", 2), ("a", 1)]
    assert len(found.words) == 10 and found.words.total() == 11
    assert found.once == ["a", "jumps", "lands", "left", "person", "sits", "somebody", "the", "to"]


def test_what_was_left_out_is_grouped_by_reason():
    skipped = [
        LeftOut("cmu", "13_01", "cmu/13/13_01.bvh", "13_01.bvh, line 12: got 'x1'"),
        LeftOut("cmu", "13_02", "cmu/13/13_02.bvh", "13_02.bvh, line 1,312: got 'y'"),
        LeftOut("o3de", "a", "a.bvh", "a.bvh: has only 3 frames"),
    ]
    first, second = reasons(skipped)
    assert (first.source, first.count, first.pattern) == ("cmu", 2, "line #: got '…'")
    assert first.files == ("cmu/13/13_01.bvh", "cmu/13/13_02.bvh")
    assert first.example == "cmu/13/13_01.bvh: line 12: got 'x1'"
    assert (second.source, second.count, second.pattern) == ("o3de", 1, "has only 3 frames")
    found = measure(RECORDS, Fraction(20), skipped)
    assert report(found).splitlines()[-5:] == [
        "left out: 3 (--json FILE lists each)",
        "  2  cmu: line #: got '…'",
        "     cmu/13/13_01.bvh, cmu/13/13_02.bvh",
        "  1  o3de: has only 3 frames",
        "     a.bvh",
    ]
    assert found.to_dict()["skipped"][1] == {
        "source": "cmu", "id": "13_02", "file": "cmu/13/13_02.bvh", "reason": "13_02.bvh, line 1,312: got 'y'",
    }  # fmt: skip


def test_a_reason_is_told_once_with_three_files_at_most():
    files = [f"broken/walk {k}.bvh" for k in range(5)]
    skipped = [LeftOut("folder", file, file, f"{file[7:]}, line {k}: is cut off") for k, file in enumerate(files)]
    assert report(measure(RECORDS, Fraction(20), skipped)).splitlines()[-2:] == [
        "  5  folder: line #: is cut off",
        "     broken/walk 0.bvh, broken/walk 1.bvh, broken/walk 2.bvh …",
    ]
    # a file whose actions fail alike is named once
    skipped = [LeftOut("cc0", f"all.glb/Move {k}", "all.glb", "one frame is no movement") for k in range(3)]
    (reason,) = reasons(skipped)
    assert (reason.count, reason.files) == (3, ("all.glb",))


@pytest.mark.parametrize(
    ("of_x", "of_y", "pattern"),
    [
        ("x_1.bvh is not UTF-8 text: at byte 17", "y_2.bvh is not UTF-8 text: at byte 9",
         "… is not UTF-8 text: at byte #"),
        ("no map of O3DE and SMPL-X-52 fits 3", "no map of O3DE and SMPL-X-52 fits 40",
         "no map of O3DE and SMPL-X-52 fits #"),
        ("the file's head isn't 'MOTION' but \"a\"", "the file's head isn't '' but \"b\"",
         "the file's head isn't '…' but '…'"),
        ("/data/x_1.bvh: is 12.5 m and/or 1e-05", "/data/own/y_2.bvh: is 1,312 m and/or -1", "is # m and/or #"),
        ("cannot open /home/ann/a.asf (gone)", "cannot open /b.asf (gone)", "cannot open … (gone)"),
        (r"cannot open C:\ann\a.asf: gone", r"cannot open D:\b.asf: gone", "cannot open …: gone"),
        ("x_1.asf: (3, 156) is no skeleton", "y_2.asf: (+3, 1) is no skeleton", "…: (#, #) is no skeleton"),
        ("x_1 has 1 word/POS", "y_2 has 2 word/POS", "… has # word/POS"),
    ],
)  # fmt: skip
def test_a_pattern_leaves_out_what_differs_and_keeps_words_that_hold_numbers(of_x, of_y, pattern):
    skipped = [LeftOut("folder", "x_1", "own/x_1.bvh", of_x), LeftOut("folder", "y_2", "own/y_2.bvh", of_y)]
    assert [(r.pattern, r.count) for r in reasons(skipped)] == [(pattern, 2)]


def test_other_words_with_numbers_are_other_reasons():
    said = ("is not UTF-8 text", "is not UTF-16 text", "ends at 24fps", "ends at 30fps")
    assert len(reasons(LeftOut("folder", f"{k}", f"{k}.bvh", one) for k, one in enumerate(said))) == 4


def test_a_name_that_is_a_word_does_not_hide_words():
    (reason,) = reasons([LeftOut("folder", "line.bvh", "line.bvh", "line.bvh, line 8: is no line")])
    assert reason.pattern == "line 8: is no line"


def test_the_report_shows_it_in_columns():
    lines = report(measure(RECORDS, Fraction(20))).splitlines()
    assert lines[:5] == [
        "source  split  clips  hours",
        "cmu     train      1  0.003",
        "cmu     test       1  0.003",
        "o3de    train      2  0.001",
        "all                4  0.006",
    ]
    bars = {line.split()[0]: line.count("#") for line in lines if line.endswith("#")}
    assert bars == {"0-1": 40, "1-2": 40, "8-10": 40, ">10": 40}
    said = "\n".join(lines)
    for told in (
        "captions: 5",
        "clips by how many captions they have: 0: 1, 1: 1, 2: 2",
        "clips without a caption: 1 (b)",
        "clips with a caption about seconds that they do not have: 1 (d)",
        "words: 11, 10 different",
        "walks 2",
        "words that occur once: 9",
        "subjects: 2 (clips: cmu/01 1, cmu/02 1); clips without one: 2",
    ):
        assert told in said


def test_a_set_without_clips_has_a_report_too():
    said = report(measure([], Fraction(30)))
    assert "captions: 0" in said and "subjects: 0" in said and "#" not in said


def test_the_heading_tells_sources_and_terms():
    index = Index("ms272", (Origin("cmu", "CMU mocap", "mocap.cs.cmu.edu", "free", 1234),), (), RECORDS)
    assert heading("mine", index).splitlines() == [
        "mine: ms272 on smpl22, 30 frames a second",
        "  cmu: 1,234 items from CMU mocap, mocap.cs.cmu.edu (free)",
    ]


def test_json_holds_the_whole_vocabulary_and_all_ids():
    found = json.loads(json.dumps(measure(RECORDS, Fraction(20)).to_dict()))
    assert found["words"]["walks"] == 2 and found["vocabulary"] == 10 and found["words_once"] == 9
    assert found["lengths"][0] == {"seconds": "0-1", "clips": 1} and found["hours"] == pytest.approx(22.1 / 3600)
    assert found["shares"][1] == {"source": "cmu", "split": "test", "clips": 1, "hours": pytest.approx(10.05 / 3600)}
    assert found["clips_without_caption"] == ["b"] and found["captions_a_clip"][2] == {"captions": 2, "clips": 2}


def test_terminal_codes_of_a_hostile_file_do_not_reach_the_terminal():
    evil = "x\x1b]0;owned\x07\x1b[2J\u202e"
    skipped = [LeftOut(evil, evil, evil, evil)]
    records = [record(evil, source=evil, subject=evil), record("e", captions=[evil + "y"])]
    index = Index("motion", (Origin(evil, evil, evil, evil, 1),), (), tuple(records))
    said = report(measure(records, Fraction(30), skipped)) + heading(evil, index)
    assert all(c.isprintable() or c == "\n" for c in said)


@given(st.text(), st.integers(1, 30))
def test_printable_is_one_short_line(text, most):
    said = printable(text, most)
    assert len(said) <= most and said.isprintable()


def test_a_terminal_that_cannot_show_a_word_gets_a_mark():
    assert encodable("walks 人 …", "cp1252") == "walks ? …" and encodable("人", None) == "人"


LABELS = st.sampled_from(["", "walk", "run", "jump", "dance"])


@given(st.lists(st.tuples(st.sampled_from("abc"), LABELS), max_size=40), st.integers(0, 30), st.randoms())
def test_a_spread_is_the_same_for_the_same_set(kinds, count, random):
    records = [record(f"{k:02}", source=source, label=label) for k, (source, label) in enumerate(kinds)]
    chosen = spread(records, count)
    assert len({r.id for r in chosen}) == len(chosen) == min(count, len(records))
    random.shuffle(records)
    assert spread(records, count) == chosen
    # nobody has two more than another source that could give more
    shares = {s: (sum(r.source == s for r in chosen), sum(r.source == s for r in records)) for s in "abc"}
    assert all(mine <= other + 1 for mine, _ in shares.values() for other, has in shares.values() if other < has)


def test_a_spread_takes_labels_before_repetitions():
    records = [record(f"{label}{k}", label=label) for label in ("jump", "run", "sit", "walk") for k in range(5)]
    assert sorted(r.label for r in spread(records, 4)) == ["jump", "run", "sit", "walk"]
    assert [r.label for r in spread(records, 2)] == ["run", "walk"]
    assert len(spread(records, 7)) == 7


def test_named_clips_come_in_their_order_and_from_every_source():
    records = [record("a"), record("b"), record("a", source="o3de")]
    assert named(records, ["b", "a"]) == [records[1], records[0], records[2]]
    assert named(records, ["o3de/a", "a", "o3de/a"]) == [records[2], records[0]]
    with pytest.raises(ValueError, match="none of the 3 clips of this data set is 'c' or 'cmu/d'"):
        named(records, ["a", "c", "cmu/d"])
