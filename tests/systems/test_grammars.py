"""Whatever a model says, what is drawn under a grammar is a legal answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.systems import prompts
from backend.systems.grammars import Blocks, Digits, Words, steps_of
from backend.systems.prompts import Speech
from backend.systems.vocabulary import OURS, Vocabulary

ONE = Vocabulary(20, ("<motion>", "</motion>", "<mask>"), 30, (("motion", 7),))
TWO = Vocabulary(20, ("</motion_body>", "<motion_hands>", "</motion_hands>"), 0, (("body", 5), ("hands", 4)))
END = ONE.mark("</motion>")
BLOCKS = ("body", TWO.mark("</motion_body>"), TWO.mark("<motion_hands>"), "hands", TWO.mark("</motion_hands>"))
QUICK = settings(max_examples=60, deadline=None)


def drawn(grammar, seed: int) -> list[int]:
    """Indices that a model without any idea draws: among all tokens, legal ones only because the grammar says so."""
    rng, state, indices = np.random.default_rng(seed), grammar.begin(), []
    while state is not None:
        allowed = grammar.allowed(state)
        assert allowed.shape == grammar.tokens.shape and allowed.any()
        index = int(np.where(allowed, rng.normal(size=len(allowed)), -np.inf).argmax())
        left, state = grammar.left(state), grammar.after(state, index)
        assert state is None or grammar.left(state) < left, "every token leaves less to say"
        indices.append(index)
    assert len(indices) <= grammar.most
    return indices


@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(0, 8))
@QUICK
def test_a_block_that_says_its_length_has_it(seed, low, more):
    high = min(low + more, 30)
    grammar = Blocks(ONE, ("length", "motion", END), (low, high))
    indices = drawn(grammar, seed)
    said = int(grammar.tokens[indices[0]]) - ONE.length(1) + 1
    codes = grammar.read(indices)["motion"]
    assert low <= said <= high and len(codes) == said == len(indices) - 1 and codes.max() < 7


@given(st.integers(0, 2**32), st.integers(1, 9), st.integers(0, 8))
@QUICK
def test_a_block_that_ends_when_it_likes_keeps_within_its_lengths(seed, low, more):
    grammar = Blocks(ONE, ("motion", END), (low, low + more))
    codes = grammar.read(drawn(grammar, seed))["motion"]
    assert low <= len(codes) <= low + more


@given(st.integers(0, 2**32), st.integers(1, 12))
@QUICK
def test_an_exact_length_needs_no_end(seed, count):
    grammar = Blocks(ONE, ("motion", END), (count, count))
    indices = drawn(grammar, seed)
    assert len(indices) == count == grammar.most == len(grammar.read(indices)["motion"])


@given(st.integers(0, 2**32), st.dictionaries(st.integers(0, 11), st.integers(0, 6), max_size=12))
@QUICK
def test_forced_places_have_their_codes(seed, forced):
    grammar = Blocks(ONE, ("motion", END), (12, 12), forced)
    codes = grammar.read(drawn(grammar, seed))["motion"]
    assert len(codes) == 12 and all(codes[place] == code for place, code in forced.items())


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(0, 5))
@QUICK
def test_body_and_hands_have_the_same_number_of_codes(seed, low, more):
    grammar = Blocks(TWO, BLOCKS, (low, low + more))
    indices = drawn(grammar, seed)
    answer = grammar.read(indices)
    assert list(answer) == ["body", "hands"] and low <= len(answer["body"]) <= low + more
    assert len(answer["body"]) == len(answer["hands"])
    tokens = grammar.tokens[indices].tolist()
    middle = tokens[len(answer["body"]) : len(tokens) - len(answer["hands"])]
    assert middle == [TWO.mark("</motion_body>"), TWO.mark("<motion_hands>")]


@given(st.integers(0, 2**32), st.integers(1, 1200), st.integers(1, 9), st.integers(0, 8))
@QUICK
def test_digits_spell_codes_without_leading_zeros(seed, codes, low, more):
    grammar = Digits(list(range(40, 51)), 2, codes, (low, low + more))
    indices = drawn(grammar, seed)
    answer = grammar.read(indices)["motion"]
    spelled = "".join("0123456789,"[i] for i in indices if i < 11)
    assert spelled == ",".join(map(str, answer)), "no leading zero, no comma too many"
    assert low <= len(answer) <= low + more and answer.max() < codes
    assert grammar.tokens.tolist() == [*range(40, 51), 2]


@given(st.integers(0, 2**32), st.integers(1, 9))
@QUICK
def test_a_caption_has_a_word_and_an_end(seed, most):
    grammar = Words([4, 9, 11], 2, most)
    ids = grammar.read(drawn(grammar, seed))
    assert 1 <= len(ids) <= most and set(ids) <= {4, 9, 11}


def test_every_length_and_every_code_can_be_drawn():
    grammar = Blocks(ONE, ("length", "motion", END), (2, 4))
    runs = [grammar.read(drawn(grammar, seed))["motion"] for seed in range(200)]
    assert {len(run) for run in runs} == {2, 3, 4} and set(np.concatenate(runs)) == set(range(7))
    digits = Digits(list(range(40, 51)), 2, 12, (1, 1))
    assert {int(digits.read(drawn(digits, seed))["motion"][0]) for seed in range(400)} == set(range(12))


@pytest.mark.parametrize(
    "wording, task, given, steps",
    [
        ("compact", "text_to_motion", False, ("length", "motion", "</motion>")),
        ("compact", "text_to_motion", True, ("motion", "</motion>")),
        ("compact", "fill", True, ("motion", "</motion>")),
        ("alpaca", "predict", False, ("motion", "</motion>")),
        ("mgt5", "text_to_motion", False, ("<motion>", "motion", "</motion>", OURS.eos)),
    ],
)
def test_an_answer_goes_as_its_template_says(wording, task, given, steps):
    asked = prompts.load(wording)
    words = Vocabulary(20, asked.marks, 75 if asked.lengths == "tokens" else 0, (("motion", 7),))
    speech = Speech(words, OURS, lambda text: [5] * len(text.split()), lambda text: [])
    wanted = tuple(words.mark(step) if str(step).startswith("<") else step for step in steps)
    assert steps_of(asked, task, speech, given) == wanted


def test_a_holistic_answer_goes_body_first():
    asked = prompts.load("alpaca")
    words = Vocabulary(20, asked.marks, 0, (("body", 7), ("hands", 7)))
    speech = Speech(words, OURS, lambda text: [], lambda text: [])
    steps = steps_of(asked, "holistic", speech, False)
    assert [step for step in steps if isinstance(step, str)] == ["body", "hands"] and len(steps) == 5
    with pytest.raises(ValueError, match="'text_to_motion' answers with 'motion' codes, there are body, hands"):
        steps_of(asked, "text_to_motion", speech, False)


@pytest.mark.parametrize("lengths", [(0, 3), (4, 3), (1, 31)])
def test_lengths_that_no_token_says_are_refused(lengths):
    with pytest.raises(ValueError, match="1 to 30 codes, got"):
        Blocks(ONE, ("length", "motion", END), lengths)
