"""What language models learn from: tasks drawn from captioned codes, token rows, batches."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

from backend.systems import prompts  # noqa: E402
from backend.systems.prompts import MASKED, Fields, Speech  # noqa: E402
from backend.systems.vocabulary import OURS, Vocabulary  # noqa: E402
from training.language.examples import IGNORED, TEXT_ONLY, Examples, Mixture, Sampler, batch  # noqa: E402
from training.language.items import Item, Variant  # noqa: E402
from training.language.tasks import Drawing, fields, spans  # noqa: E402

COMPACT = prompts.load("compact")
TEXT, CODES = 300, 32
VOCABULARY = Vocabulary(TEXT, COMPACT.marks, 75, (("motion", CODES),))
PLAIN = Drawing(without_length=0.0, without_text=0.0, silent=0.0)
TASKS = ("text_to_motion", "initial_pose", "last_pose", "key_poses", "describe", "predict", "fill")
FIRST = VOCABULARY.codes("motion").start


def letters(text):
    return [5 + byte for byte in text.encode()]


SPEECH = Speech(VOCABULARY, OURS, letters, letters)


def variant(count=12, known=(0, 4, 7, 11)) -> Variant:
    codes = np.arange(count) % CODES
    keys = np.full(count, -1)
    known = [k for k in known if k < count]
    keys[known] = CODES - 1 - codes[known]  # the code of a pose alone is another than in its clip
    return Variant({"motion": codes}, keys)


def examples(longest=256, replaced=(0.0, 0.0), drawing=PLAIN, **mixture) -> Examples:
    return Examples(COMPACT, SPEECH, Mixture(dict.fromkeys(TASKS, 1), drawing, replaced, **mixture), longest)


ITEM = Item(["a person walks", "walking"], [variant()])


@pytest.mark.parametrize("task", TASKS)
def test_targets_are_the_tokens_that_follow_and_only_those_of_the_answer(task):
    row = examples().draw(task, ITEM, np.random.default_rng(0))
    learnt = row.targets != IGNORED
    assert not learnt[: row.border - 1].any() and learnt[row.border - 1 :].all()
    np.testing.assert_array_equal(row.targets[row.border - 1 : -1], row.ids[row.border :])
    assert row.targets[-1] == (OURS.eos if task == "describe" else VOCABULARY.mark("</motion>"))


def test_loss_on_all_of_the_text_where_the_paper_has_it():
    row = examples(whole_text=True).draw("text_to_motion", ITEM, np.random.default_rng(0))
    np.testing.assert_array_equal(row.targets[:-1], row.ids[1:])


def drawn(task, drawing=PLAIN, seed=0, count=12):
    return fields(task, variant(count), "walks", drawing, np.random.default_rng(seed))


def test_poses_are_given_as_serving_encodes_them():
    assert list(drawn("initial_pose").keys) == [CODES - 1]
    assert list(drawn("last_pose").keys) == [CODES - 1 - 11]
    assert set(drawn("key_poses").keys) <= {31, 27, 24, 20}
    without = Variant({"motion": np.arange(12)})
    assert list(fields("last_pose", without, "", PLAIN, np.random.default_rng(0)).keys) == [11]


@given(st.integers(0, 10_000), st.integers(2, 75))
def test_key_poses_are_few_and_in_the_order_of_time(seed, count):
    whole = Variant({"motion": np.arange(count) % CODES}, np.arange(count))
    keys = list(fields("key_poses", whole, "", PLAIN, np.random.default_rng(seed)).keys)
    assert min(3, count) <= len(keys) <= 5 and keys == sorted(set(keys))


@given(st.integers(0, 10_000), st.integers(2, 75))
def test_what_is_known_and_what_is_predicted_are_the_motion(seed, count):
    asked = drawn("predict", seed=seed, count=count)
    whole = np.concatenate([asked.known, asked.codes["motion"]])
    np.testing.assert_array_equal(whole, np.arange(count) % CODES)
    assert len(asked.known) >= 1 and asked.length == len(asked.codes["motion"]) >= 1


def test_the_papers_known_parts_where_they_are_asked_for():
    fixed = replace(PLAIN, fixed=True)
    assert len(drawn("predict", fixed, count=20).known) == 4
    slots = drawn("fill", fixed, count=20).slots
    np.testing.assert_array_equal(np.flatnonzero(slots == MASKED), np.arange(5, 15))


@given(st.integers(0, 10_000), st.integers(2, 75))
def test_slots_hold_what_is_known_and_masks(seed, count):
    asked = drawn("fill", seed=seed, count=count)
    whole, known = np.arange(count) % CODES, asked.slots != MASKED
    assert len(asked.slots) == len(asked.codes["motion"]) == asked.length == count and not known.all()
    own = asked.slots[known] == whole[known]
    keys = variant(count).keys
    assert (own | (asked.slots[known] == keys[known])).all()
    given_or_true = (asked.codes["motion"] == whole) | (known & (asked.codes["motion"] == asked.slots))
    assert given_or_true.all()


@given(st.integers(4, 75), st.integers(0, 1000))
def test_spans_mask_half_in_three_at_most(count, seed):
    masked = spans(count, np.random.default_rng(seed))
    begins = np.diff(np.concatenate([[0], masked.astype(int)])) == 1
    assert masked.sum() == count // 2 and len(masked) == count and 1 <= begins.sum() <= 3


def test_streams_of_body_and_hands_have_no_tasks_with_poses():
    both = Variant({"body": np.arange(4), "hands": np.arange(4)})
    assert fields("holistic", both, "wave", PLAIN, np.random.default_rng(0)).length == 4
    with pytest.raises(ValueError, match="'key_poses' needs codes of one stream, got body, hands"):
        fields("key_poses", both, "", PLAIN, np.random.default_rng(0))


def test_captions_and_lengths_are_left_out_as_often_as_told():
    rng, drawing = np.random.default_rng(0), Drawing(without_length=0.3, without_text=0.2, silent=0.5)
    some = [fields("text_to_motion", variant(), "walks", drawing, rng) for _ in range(2000)]
    assert np.mean([f.caption == "" for f in some]) == pytest.approx(0.2, abs=0.03)
    assert np.mean([f.length is None for f in some]) == pytest.approx(0.3, abs=0.04)
    some = [fields("predict", variant(), "walks", drawing, rng) for _ in range(2000)]
    assert np.mean([f.caption == "" for f in some]) == pytest.approx(0.5, abs=0.04)


def test_inputs_are_replaced_and_targets_stay_true():
    row = examples(replaced=(1.0, 1.0)).draw("text_to_motion", ITEM, np.random.default_rng(0))
    plain = examples().draw("text_to_motion", ITEM, np.random.default_rng(0))
    np.testing.assert_array_equal(row.targets, plain.targets)
    np.testing.assert_array_equal(row.ids[: row.border], plain.ids[: row.border])
    changed = row.ids[row.border :]
    assert (changed != plain.ids[row.border :]).mean() > 0.7 and (changed >= FIRST).all()


def test_a_caption_without_room_loses_its_end_and_a_motion_without_room_is_refused():
    item = Item(["one two three four five six seven eight"], [variant()])
    row = examples(longest=40).draw("text_to_motion", item, np.random.default_rng(0))
    text = bytes(i - 5 for i in row.ids[: row.border] if 5 <= i < TEXT).decode()
    assert len(row.ids) <= 40 and item.captions[0].startswith(text) and text
    with pytest.raises(ValueError, match="the model reads 10"):
        examples(longest=10).draw("text_to_motion", item, np.random.default_rng(0))


def test_all_wordings_are_asked_where_a_stage_wants_them():
    alpaca = prompts.load("alpaca")
    streams = (("motion", CODES),)
    speech = replace(SPEECH, vocabulary=Vocabulary(TEXT, alpaca.marks, 0, streams))
    one, every = (
        Examples(alpaca, speech, Mixture({"describe": 1}, PLAIN, (0, 0), paraphrased=p), 900) for p in (False, True)
    )
    rng = np.random.default_rng(0)
    assert len({tuple(one.draw("describe", ITEM, rng).ids[:200]) for _ in range(40)}) == 1
    assert len({tuple(every.draw("describe", ITEM, rng).ids[:200]) for _ in range(40)}) == 4


def test_batches_are_padded_on_the_right():
    asked = [Fields("a", {"motion": np.arange(n)}, length=n) for n in (2, 5)]
    rows = [examples().build("text_to_motion", fields, np.random.default_rng(0)) for fields in asked]
    made = batch(rows, pad=0)
    assert made.ids.shape == made.targets.shape == (2, len(rows[1].ids))
    assert made.ids[0, len(rows[0].ids) :].eq(0).all() and made.targets[0, len(rows[0].ids) :].eq(IGNORED).all()
    assert made.borders.tolist() == [row.border for row in rows]


ITEMS = [Item([f"caption {i}"], [variant(4 + i)], 1.0 + i) for i in range(12)]


def taken(sampler, count):
    return [sampler.next() for _ in range(count)]


def same(a, b):
    return a.ids.equal(b.ids) and a.targets.equal(b.targets) and a.borders.equal(b.borders)


def sampler(place=(0, 0), rank=0, world=1, shares=None, **options) -> Sampler:
    mixture = Mixture(shares or dict.fromkeys(TASKS, 1) | {TEXT_ONLY: 1})
    return Sampler(ITEMS, Examples(COMPACT, SPEECH, mixture, 256), 400, 3, place, rank, world, pool=48, **options)


def test_a_sampler_goes_on_where_another_was():
    one = sampler()
    taken(one, 25)
    assert one.place[0] > 0  # in a later pool
    other = sampler(place=one.place)
    assert all(same(a, b) for a, b in zip(taken(one, 15), taken(other, 15), strict=True))


def test_processes_share_the_pools_without_overlap():
    alone = sampler()
    count = len(alone._batches) // 2
    halves = [sampler(rank=rank, world=2) for rank in (0, 1)]
    together = [b for pair in zip(*(taken(h, count) for h in halves), strict=True) for b in pair]
    assert all(same(a, b) for a, b in zip(taken(alone, 2 * count), together, strict=True))
    assert halves[0].place == halves[1].place


def test_batches_hold_to_their_size():
    for made in taken(sampler(), 30):
        assert made.ids.numel() <= 400 or len(made.ids) == 1


def test_items_and_tasks_are_drawn_by_weight():
    found = taken(sampler(shares={"describe": 1, "predict": 3}), 200)
    marks = [VOCABULARY.mark(m) for m in ("<describe>", "<predict>")]
    counts = [sum(int((b.ids == m).sum()) for b in found) for m in marks]
    assert counts[1] / sum(counts) == pytest.approx(0.75, abs=0.04)


def test_plain_text_is_learnt_whole():
    found = taken(sampler(shares={TEXT_ONLY: 1}, texts=["plain text"]), 1)[0]
    assert found.ids[0].tolist() == [OURS.bos, *letters("plain text")]
    assert found.targets[0].tolist() == [*letters("plain text"), OURS.eos]


def test_nothing_to_learn_from_is_said():
    with pytest.raises(ValueError, match="no items"):
        Sampler([], examples(), 400, 0)
