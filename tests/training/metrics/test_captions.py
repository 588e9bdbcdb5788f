"""Caption metrics: published and hand-computed values, and what must hold for any captions."""

import math
from itertools import combinations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from training.metrics.captions import bleu, cider_d, common_subsequence, rouge_l, scores, words

METRICS = {
    "BLEU-1": lambda c, r: bleu(c, r, 1), "BLEU-2": lambda c, r: bleu(c, r, 2), "BLEU-3": lambda c, r: bleu(c, r, 3),
    "BLEU-4": bleu, "ROUGE-L": rouge_l, "CIDEr-D": cider_d,
}  # fmt: skip

caption = st.lists(st.sampled_from("abcde"), min_size=1, max_size=8).map(" ".join)
item = st.tuples(caption, st.lists(caption, min_size=1, max_size=3))
corpus = st.lists(item, min_size=2, max_size=6)
properties = settings(max_examples=50, deadline=None, derandomize=True)


def measured(items):
    candidates, references = [c for c, _ in items], [r for _, r in items]
    return {name: metric(candidates, references) for name, metric in METRICS.items()}


# The example that nlg-eval publishes with its scores, each of its words replaced by a letter.
EXAMPLE = [
    ("a b c d e f g h i j", ["a b p q r s f", "a b p t q r s f"]),
    ("a b k g l m e n o d", ["a b u q r s k g v e n o d", "a b c w q r s k"]),
]
EXAMPLE_SCORES = {
    "BLEU-1": 0.55, "BLEU-2": 0.428174, "BLEU-3": 0.284043, "BLEU-4": 0.201143,
    "ROUGE-L": 0.522104, "CIDEr-D": 1.242192,
}  # fmt: skip


def test_published_scores():
    assert measured(EXAMPLE) == pytest.approx(EXAMPLE_SCORES, abs=1e-6)


def test_as_papers_print_them():
    found = scores([c for c, _ in EXAMPLE], [r for _, r in EXAMPLE])
    assert found == pytest.approx({name: 100 * EXAMPLE_SCORES[name] for name in found}, abs=1e-4)
    assert list(found) == ["BLEU-1", "BLEU-4", "ROUGE-L", "CIDEr-D"]


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("A person Walks, then stops.", "a person walks then stops"),
        ("counter-clockwise - or left/right -- u-turn", "counter-clockwise or left right u-turn"),
        ("the person's arm doesn't move; they can't", "the person 's arm does n't move they ca n't"),
        ("he won\u2019t 'wave'", "he wo n't wave"),
        ("1.5 meters, 3 steps,2 jumps", "1.5 meters 3 steps 2 jumps"),
        ("\u00c9lan_vital", "\u00e9lan vital"),
        (" ?! ", ""),
    ],
)
def test_words(caption, expected):
    assert words(caption) == expected.split()


def test_case_and_punctuation_do_not_count():
    assert bleu(["A man walks forward."], [["a man, walks forward"]]) == 1.0


def test_a_word_counts_no_more_often_than_one_reference_has_it():
    # the classic example: "the" twice in one reference, once in the other
    references = [["the cat is on the mat", "there is a cat on the mat"]]
    assert bleu(["the the the the the the the"], references, 1) == pytest.approx(2 / 7)


def test_short_captions_are_punished_against_the_closest_reference():
    assert bleu(["a b"], [["a b c d"]], 1) == pytest.approx(math.exp(1 - 4 / 2))
    assert bleu(["a b c"], [["a b c d", "a b c d e f"]], 1) == pytest.approx(math.exp(1 - 4 / 3))
    # of two that are as close, the shorter
    assert bleu(["a b c"], [["a b c d", "a b"]], 1) == 1.0


def test_bleu_is_of_the_corpus_not_a_mean():
    # 1 of 4 and 1 of 1 words
    assert bleu(["a x y z", "b"], [["a b c d"], ["b"]], 1) == pytest.approx(2 / 5)
    # one caption without any pair of words does not spoil the others
    assert bleu(["a b", "c"], [["a b"], ["c"]], 2) == 1.0


def test_bleu_4_is_the_geometric_mean_of_four_precisions():
    # "a b c d x" against "a b c d e": 4/5, 3/4, 2/3, 1/2
    assert bleu(["a b c d x"], [["a b c d e"]]) == pytest.approx((4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)
    assert bleu(["a c b d"], [["a b c d"]]) == 0.0


def test_rouge_by_hand():
    # "a c" in common: precision 2/4, recall 2/3
    assert rouge_l(["a b c d"], [["a c e"]]) == pytest.approx(2.44 * (1 / 2) * (2 / 3) / (2 / 3 + 1.44 / 2))
    # precision from the long reference, recall from the short one
    assert rouge_l(["a b c"], [["a b c d e f", "a"]]) == 1.0
    assert rouge_l(["a", "x"], [["a"], ["y"]]) == 0.5


def test_cider_by_hand():
    # what both items have weighs nothing ("a"), all else ln 2; "b c" leaves orders 3 and 4 of nothing
    perfect = cider_d(["b c", "x"], [["b c"], ["d"]])
    assert perfect == pytest.approx(10 * (1 + 1 + 0 + 0) / 4 / 2)
    assert cider_d(["a", "x"], [["a b"], ["a d"]]) == 0.0
    # words: b twice but clipped, c once -> 2 / sqrt(5 * 2); pairs: one of two -> 1 / sqrt(2); one word too long
    repeated = cider_d(["b c b", "x"], [["b c"], ["d"]])
    assert repeated == pytest.approx(10 * math.exp(-1 / 72) * (2 / math.sqrt(10) + 1 / math.sqrt(2)) / 4 / 2)
    # the mean over references
    assert cider_d(["b c", "x"], [["b c", "e e"], ["d"]]) == pytest.approx(perfect / 2)


def test_perfect_and_empty_candidates():
    references = [["a man walks forward slowly"], ["she jumps up and down twice"]]
    perfect = measured([(r[0], r) for r in references])
    assert perfect == pytest.approx({name: 10.0 if name == "CIDEr-D" else 1.0 for name in METRICS})
    assert set(measured([("", r) for r in references]).values()) == {0.0}
    assert set(measured([("no word in common here", r) for r in references]).values()) == {0.0}


@properties
@given(corpus, st.randoms(use_true_random=False))
def test_neither_the_order_of_items_nor_of_references_counts(items, random):
    expected = measured(items)
    shuffled = [(c, random.sample(r, len(r))) for c, r in random.sample(items, len(items))]
    assert measured(shuffled) == pytest.approx(expected, abs=1e-12)


@properties
@given(corpus, st.permutations("abcde"))
def test_only_which_words_are_the_same_counts(items, other):
    renamed = str.maketrans("abcde", "".join(other))
    there = [(c.translate(renamed), [r.translate(renamed) for r in its]) for c, its in items]
    assert measured(there) == pytest.approx(measured(items), abs=1e-12)


@properties
@given(corpus)
def test_scores_lie_in_their_range(items):
    for name, score in measured(items).items():
        assert 0.0 <= score <= (10.0 if name == "CIDEr-D" else 1.0) * (1 + 1e-12)


@properties
@given(corpus, caption, st.data())
def test_one_more_reference_never_lowers_rouge(items, more, data):
    index = data.draw(st.integers(0, len(items) - 1))
    c, r = items[index]
    richer = [*items[:index], (c, [*r, more]), *items[index + 1 :]]
    assert measured(richer)["ROUGE-L"] >= measured(items)["ROUGE-L"] - 1e-12


@properties
@given(corpus, st.data())
def test_a_perfect_reference_never_lowers_bleu(items, data):
    # it may where the candidate is longer than its closest reference: it then allows the others less brevity
    index = data.draw(st.integers(0, len(items) - 1))
    c, r = items[index]
    closest = min((abs(len(x.split()) - len(c.split())), len(x.split())) for x in r)[1]
    assume(len(c.split()) <= closest)
    richer, before = measured([*items[:index], (c, [*r, c]), *items[index + 1 :]]), measured(items)
    for name in ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4"):
        assert richer[name] >= before[name] - 1e-12


@properties
@given(st.lists(caption, min_size=2, max_size=6))
def test_candidates_among_their_references_are_perfect(captions):
    items = [(c, [*captions, c]) for c in captions]
    found = measured(items)
    assert found["BLEU-1"] == pytest.approx(1.0) and found["ROUGE-L"] == pytest.approx(1.0)


@properties
@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_common_subsequence_is_the_longest(a, b):
    def subsequences(text):
        return {"".join(kept) for size in range(len(text) + 1) for kept in combinations(text, size)}

    assert common_subsequence(a, b) == max(map(len, subsequences(a) & subsequences(b)))


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_errors(metric):
    with pytest.raises(ValueError, match="0 candidates"):
        metric([], [])
    with pytest.raises(ValueError, match="2 candidates and 1 lists"):
        metric(["a", "b"], [["a"]])
    with pytest.raises(ValueError, match="item 1 needs one reference"):
        metric(["a", "b"], [["a"], []])
    with pytest.raises(ValueError, match="item 0 needs one reference or more, each with words"):
        metric(["a", "b"], [["a", "..."], ["b"]])
    with pytest.raises(ValueError, match="got a text"):
        metric(["a", "b"], ["a", "b"])
    with pytest.raises(ValueError, match="got a text"):
        metric("ab", [["a"], ["b"]])


def test_what_one_metric_alone_refuses():
    with pytest.raises(ValueError, match="2 items or more"):
        cider_d(["a"], [["a"]])
    with pytest.raises(ValueError, match="n = 0"):
        bleu(["a"], [["a"]], 0)
