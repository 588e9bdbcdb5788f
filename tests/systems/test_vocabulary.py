"""One id space for words and motion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.systems.vocabulary import Vocabulary

BODY_AND_HANDS = Vocabulary(100, ("<motion>", "<mask>"), 5, (("body", 8), ("hands", 4)))


def test_added_tokens_follow_the_text_in_one_order():
    v = BODY_AND_HANDS
    assert (v.mark("<motion>"), v.mark("<mask>")) == (100, 101)
    assert (v.length(1), v.length(5)) == (102, 106)
    assert (v.codes("body"), v.codes("hands")) == (slice(107, 115), slice(115, 119))
    assert (v.added, v.size) == (19, 119)


def test_motiongpt_adds_nothing():
    assert Vocabulary(32000).size == 32000


def test_every_id_has_one_name():
    names = [BODY_AND_HANDS.token(i) for i in range(BODY_AND_HANDS.size)]
    assert len(set(names)) == BODY_AND_HANDS.size
    assert names[99:104] == ["text token 99", "<motion>", "<mask>", "<len_1>", "<len_2>"]
    assert names[-1] == "<hands_3>"


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda v: v.mark("<body>"), "marks are <motion>, <mask>"),
        (lambda v: v.length(6), "1 to 5 codes, got 6"),
        (lambda v: v.length(0), "1 to 5 codes, got 0"),
        (lambda v: v.codes("motion"), "there are body, hands"),
    ],
)
def test_what_is_not_there_is_named(ask, said):
    with pytest.raises(ValueError, match=said):
        ask(BODY_AND_HANDS)


@given(
    st.builds(
        Vocabulary,
        st.integers(1, 200_000),
        st.lists(st.text(min_size=1, max_size=10), unique=True, max_size=8).map(tuple),
        st.integers(0, 100),
        st.sampled_from([(), (("motion", 512),), (("body", 512), ("hands", 256))]),
    )
)
def test_survives_json(vocabulary):
    assert Vocabulary.from_dict(vocabulary.to_dict()) == vocabulary


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text_size", 0),
        ("text_size", True),
        ("lengths", -1),
        ("marks", ["<a>", "<a>"]),
        ("marks", "<a>"),
        ("streams", [["motion"]]),
        ("streams", [["motion", 0]]),
        ("streams", [["motion", 4], ["motion", 4]]),
    ],
)
def test_the_field_that_does_not_fit_is_named(field, value):
    with pytest.raises(ValueError, match=field.rstrip("s")):
        Vocabulary.from_dict(BODY_AND_HANDS.to_dict() | {field: value})


def test_fields_must_be_complete():
    with pytest.raises(ValueError, match="expected text_size"):
        Vocabulary.from_dict({"text_size": 3})
