"""Bundles of random weights answer in the form that the tables count on."""

import numpy as np
import pytest

from backend import bundles
from backend.systems.prompts import MASKED, Fields
from tests import tiny_bundle as tiny
from training.evaluation import bundled

LENGTHS = [11, 25, 11, 3]
CAPTIONS = ["a person walks", "", "a person jumps left", "a person waves"]


@pytest.fixture(scope="module")
def plain(tiny_bundle):
    return bundled.answers(bundles.load(tiny_bundle))


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return bundled.answers(tiny.build(tmp_path_factory.mktemp("digits") / "bundle", wording="alpaca_digits"))


def asked(**more):
    return [Fields(caption, length=length, **more) for caption, length in zip(CAPTIONS, LENGTHS)]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("kind", ["plain", "digits"])
def test_codes_are_as_many_as_were_asked_for(kind, request):
    answers = request.getfixturevalue(kind)
    found = answers.motions("key_poses", asked(keys=[1, 2, 3]), seed=4)
    assert [len(codes) for codes in found] == LENGTHS
    assert all(codes.min() >= 0 and codes.max() < tiny.CODES for codes in found)
    assert same(found, answers.motions("key_poses", asked(keys=[1, 2, 3]), seed=4))
    assert not same(found, answers.motions("key_poses", asked(keys=[1, 2, 3]), seed=5))


def test_answers_do_not_depend_on_what_runs_beside_them(plain, monkeypatch):
    together = plain.motions("text_to_motion", asked(), seed=0)
    monkeypatch.setattr(bundled, "SIDE_BY_SIDE", 1)
    assert same(together, plain.motions("text_to_motion", asked(), seed=0))


def test_known_slots_stay(plain):
    slots = np.full(20, MASKED)
    slots[[0, 3, 19]] = [5, 6, 7]
    (found,) = plain.motions("fill", [Fields(slots=slots, length=20)], seed=0)
    assert len(found) == 20 and found[[0, 3, 19]].tolist() == [5, 6, 7]


def test_a_caption_without_room_loses_its_end(plain):
    long = [Fields("a person walks " * 200, slots=np.full(60, MASKED), length=60)]
    assert len(plain.motions("fill", long, seed=0)[0]) == 60


def test_captions(plain):
    heard = [Fields(codes={"motion": np.arange(n) % tiny.CODES}) for n in (12, 30)]
    likeliest = plain.captions(heard, None)
    assert likeliest == plain.captions(heard, None) and len(likeliest) == 2
    assert plain.captions(heard, 1) == plain.captions(heard, 1) != likeliest


def test_codes_and_rows(plain, three):
    codes = plain.codes([case.rows for case in three])
    assert [len(line) for line in codes] == [case.count for case in three]
    assert same(codes[:1], plain.codes([three[0].rows]))
    assert [rows.shape for rows in plain.rows(codes)] == [case.rows.shape for case in three]
    assert plain.keys(three[0].motion[:5]).shape == (5,)


def test_bodies_with_hands_are_not_measured(tmp_path):
    bundle = tiny.build(tmp_path / "hands", streams=tiny.HANDS)
    with pytest.raises(ValueError, match="has codes of body and hands; measured are those of motion"):
        bundled.answers(bundle)
