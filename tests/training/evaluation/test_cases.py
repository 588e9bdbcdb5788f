"""What is asked about: which stretch of a clip, with which captions."""

import numpy as np
import pytest

from backend.motion.features.codec import codec
from tests.training.evaluation.conftest import moving
from training.data import segments
from training.data.caption_lines import CaptionLine
from training.data.clip import Clip
from training.evaluation.cases import cases, some, windows


def clip(name, frames, *captions):
    return Clip(name, "made", "s1", "walk", moving(frames, 0), captions)


def said(clip, number=0, *texts):
    """The written captions of a clip's segment."""
    return {segments.cut(clip)[number].id: [{"text": text, "slots": {}} for text in texts]}


def test_captions_written_for_the_first_segment():
    long = clip("long", 700)
    (case,) = cases([long], said(long, 0, "walks on", "goes far"), codec("ms272"))
    assert case.captions == ["walks on", "goes far"] and case.id == segments.cut(long)[0].id
    assert case.count == 60 and len(case.motion) == len(case.rows) == segments.WINDOW
    assert np.array_equal(case.rows, codec("ms272").encode(long.motion[: segments.WINDOW]))


def test_a_clip_with_captions_of_its_own():
    spanned = CaptionLine("only in its first second", start=0.0, end=1.0)
    (case,) = cases([clip("own", 50, CaptionLine("a person turns"), spanned)], {}, codec("ms272"))
    assert case.captions == ["a person turns"] and case.count == 12
    # no more than one answer can hold
    (case,) = cases([clip("own", 400, CaptionLine("a person turns"))], {}, codec("ms272"))
    assert case.count == 75


def test_rows_of_a_codec_that_looks_ahead_and_has_another_rate():
    (case,) = cases([clip("own", 91, CaptionLine("a person turns"))], {}, codec("humanml263"))
    assert case.rows.shape == (60, 263) and len(case.motion) == 60 and case.motion.fps == 20


def test_what_is_too_short_or_untold_is_left_out():
    short, silent = clip("short", 39, CaptionLine("a person turns")), clip("silent", 80)
    spanned = clip("spanned", 80, CaptionLine("a person turns", start=0.0, end=1.0))
    assert cases([short, silent, spanned], {}, codec("ms272")) == []


def test_windows_are_all_that_has_captions():
    long, own = clip("long", 700), clip("own", 80, CaptionLine("a person sways"))
    written = said(long, 0, "walks on") | said(long, 1, "goes far")
    found = windows([long, own], written, codec("ms272"))
    assert [case.captions for case in found] == [["walks on"], ["goes far"], ["a person sways"]]


@pytest.mark.parametrize(("most", "expected"), [(None, "abcde"), (5, "abcde"), (9, "abcde"), (3, "ace"), (2, "ae")])
def test_some_are_spread(most, expected):
    assert "".join(some("abcde", most)) == expected
