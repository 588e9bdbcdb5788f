"""From a motion to captions."""

import numpy as np
import pytest

from backend.motion.motion import Motion
from backend.motion.skeleton import Skeleton, canonical
from backend.protocol import DescribeRequest, RequestError
from backend.systems.base import Cancelled
from backend.systems.motiongpt2 import MotionGPT2
from tests.systems.fake_engine import TEXT_SIZE, FakeEngine, bundle, motion


class Talks(FakeEngine):
    """Says words and at some point the end; id 59 is no text."""

    def _logits(self, rows, tokens):
        out = np.full((len(rows), self.vocabulary.size), 50.0, np.float32)
        for logits, row in zip(out, rows, strict=True):
            said = len(row) - row.index(self.vocabulary.mark("<describe>"))
            logits[:TEXT_SIZE] = np.random.default_rng(row).normal(size=TEXT_SIZE)
            logits[self.text.eos] = 0.5 * said
        return out[:, tokens]

    def decode_text(self, ids):
        if 59 in ids:
            raise ValueError("59 is no text token")
        return super().decode_text(ids)


def describe(engine=None, of=None, progress=lambda stage, fraction: None, cancelled=lambda: False, **options):
    engine = engine or Talks()
    request = DescribeRequest(motion(np.full(40, 1)) if of is None else of, **{"captions": 4, **options})
    return MotionGPT2(bundle(), engine).describe(request, progress, cancelled)


def test_several_captions_of_words_alone():
    engine = Talks()
    texts, warnings = describe(engine)
    assert 2 <= len(texts) <= 4 and len(set(texts)) == len(texts) and warnings == []
    assert all(word.startswith("word") and word != "word59" for text in texts for word in text.split())
    v, asked = engine.vocabulary, engine.prompts[0][0]
    assert asked == [1, *[v.codes("motion").start + 1] * 10, v.mark("<describe>")]


def test_the_first_caption_is_the_likeliest_and_seeds_draw_the_others():
    (one, *_), _ = describe(seed=1, captions=1)
    first, second = describe(seed=1)[0], describe(seed=2)[0]
    assert first[0] == second[0] == one and first[1:] != second[1:]
    assert describe(seed=1)[0] == first and describe(seed=1, captions=3)[0] == first[:3]


def test_fewer_captions_than_asked_for_are_explained():
    texts, (warning,) = describe(temperature=0.0)
    assert len(texts) == 1 and warning.startswith("4 captions were asked for, 1 different came")
    assert describe(captions=1)[1] == []


def test_any_rate_size_and_place_is_the_same_motion():
    still = motion(np.full(40, 7))
    big = Motion(
        canonical().with_offsets(2 * canonical().offsets), 2 * still.root[::2], still.rotations[::2], 15
    ).moved(2.0, (5.0, 0.0, 1.0))
    engine, other = Talks(), Talks()
    assert describe(engine, still) == describe(other, big) and engine.prompts == other.prompts


def test_a_long_motion_is_cut_with_a_warning():
    engine = Talks()
    _, warnings = describe(engine, motion(np.full(400, 1)))
    assert len(engine.prompts[0][0]) == 77 and warnings == ["the motion is long: its first 10 seconds were described"]
    _, warnings = describe(engine, motion(np.full(302, 1)))
    assert warnings == []


def test_a_single_frame_can_be_described():
    assert describe(of=motion(np.array([7])))[0]


def test_an_unknown_skeleton_is_refused():
    other = Skeleton("other", ("hip", "tail"), (-1, 0), np.zeros((2, 3)))
    with pytest.raises(RequestError, match="kind 'other' was given; described are smpl22, smplx52"):
        describe(of=Motion(other, np.zeros((3, 3)), np.tile([1.0, 0, 0, 0], (3, 2, 1))))


def test_a_bundle_without_captions_says_what_it_does():
    request = DescribeRequest(motion(np.full(8, 1)), 1)
    with pytest.raises(RequestError, match="does not do 'describe'; it does fill"):
        MotionGPT2(bundle(tasks=("fill",)), Talks()).describe(request, lambda stage, fraction: None, lambda: False)


def test_a_cancellation_is_seen_between_two_words():
    engine = Talks()
    with pytest.raises(Cancelled):
        describe(engine, cancelled=lambda: len(engine.steps) >= 2)
    assert len(engine.steps) == 2


def test_progress_grows_to_1():
    told = []
    describe(progress=lambda *what: told.append(what))
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert list(dict.fromkeys(stage for stage, _ in told)) == ["Reading the motion", "Describing", "Done"]
