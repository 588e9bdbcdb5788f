"""The words of captions as HumanML3D's text files have them."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.captions import words
from training.data.captions.words import is_known, tokens

CAPTIONS = Path(words.FILE).parent
# what nobody speaks of: keys of the data
UNSPOKEN = {"slots", "exclude", "loop"}
BANKS = ("phrases.json", "facts.json")
# what "{count}" is filled in with
NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def said(sentence):
    return " ".join("/".join(pair) for pair in tokens(sentence))


@pytest.mark.parametrize(
    ("sentence", "published"),
    [
        (
            "a man kicks something or someone with his left leg.",
            "a/DET man/NOUN kick/VERB something/PRON or/CCONJ someone/PRON with/ADP his/DET left/ADJ leg/NOUN",
        ),
        (
            "the standing person kicks with their left foot before going back to their original stance.",
            "the/DET stand/VERB person/NOUN kick/VERB with/ADP their/DET left/ADJ foot/NOUN before/ADP go/VERB "
            "back/ADV to/ADP their/DET original/ADJ stance/NOUN",
        ),
        (
            "a man kicks with something or someone with his left leg.",
            "a/DET man/NOUN kick/VERB with/ADP something/PRON or/CCONJ someone/PRON with/ADP his/DET left/ADJ leg/NOUN",
        ),
        ("he is flying kick with his left leg", "he/PRON is/AUX fly/VERB kick/NOUN with/ADP his/DET left/ADJ leg/NOUN"),
    ],
)
def test_the_examples_of_the_publication_come_out_as_published(sentence, published):
    assert said(sentence) == published


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("walks", "walk/VERB"),
        ("a fast walk", "a/DET fast/ADJ walk/NOUN"),
        ("run fast", "run/VERB fast/ADV"),
        ("walk cycle", "walk/NOUN cycle/NOUN"),
        ("a person walks and turns left", "a/DET person/NOUN walk/VERB and/CCONJ turn/VERB left/ADV"),
        ("throws punches and kicks", "throw/VERB punch/NOUN and/CCONJ kick/NOUN"),
        ("raises his arms and jumps", "raise/VERB his/DET arm/NOUN and/CCONJ jump/VERB"),
        ("does high kicks", "do/VERB high/ADJ kick/NOUN"),
        ("step to the left", "step/VERB to/ADP the/DET left/NOUN"),
        ("he starts to run", "he/PRON start/VERB to/PART run/VERB"),
        ("she lowers her left arm", "she/PRON lower/VERB her/DET left/ADJ arm/NOUN"),
        ("with bent knees", "with/ADP bent/ADJ knee/NOUN"),
        ("his knees bent", "his/DET knee/NOUN bend/VERB"),
        ("steps back and backs up", "step/VERB back/ADV and/CCONJ back/VERB up/ADP"),
        ("sits down", "sit/VERB down/ADP"),
    ],
)
def test_words_that_can_be_several_things_are_told_by_their_place(sentence, expected):
    assert said(sentence) == expected


def test_only_letters_are_words_and_hyphens_join():
    assert said("turn counter-clockwise by 90 degrees, 2x") == "turn/VERB counterclockwise/ADV by/ADP degree/NOUN"
    assert said("someone's arm doesn't move") == "someone/PRON arm/NOUN does/AUX move/VERB"
    assert said("A MAN Walks!") == "a/DET man/NOUN walk/VERB"
    assert tokens("") == () and tokens("12 … 3.5") == ()


def test_unknown_words_are_kept_as_they_are_and_called_other():
    assert tokens("a frobnicating peron walks")[1:] == (("frobnicating", "OTHER"), ("peron", "OTHER"), ("walk", "VERB"))


@given(st.text(max_size=80))
def test_any_text_gives_pairs_that_a_caption_line_can_hold(text):
    for lemma, kind in tokens(text):
        assert lemma.isalpha() and kind.isupper()


def sentences(data):
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            if key not in UNSPOKEN:
                yield from sentences(value)
    elif isinstance(data, list):
        for value in data:
            yield from sentences(value)


def test_a_sentence_is_known_when_all_its_words_are():
    assert is_known("A person WALKS, doesn't he? 3 times.")
    assert not is_known("a preson walks") and not is_known("draws a swrod")


def unknown(texts):
    return {lemma for text in texts for lemma, kind in tokens(text) if kind == "OTHER"}


@pytest.mark.parametrize("name", BANKS)
def test_every_word_that_our_captions_are_made_of_is_known(name):
    written = list(sentences(json.loads((CAPTIONS / name).read_text(encoding="utf-8"))))
    assert len(written) > 100 and unknown(written) == set()


def test_the_committed_captions_hold_no_other_words_but_slips_of_the_keyboard():
    """``grammar.noisy`` loses or swaps a letter of some long words; what comes out is no word, or another one."""
    records = json.loads((CAPTIONS / "captions.json").read_text(encoding="utf-8"))
    written = {sentence.lower() for record in records for sentence in record["sentences"]}
    written_by_hand = [text for name in BANKS for text in sentences(json.loads((CAPTIONS / name).read_text()))]
    vocabulary = set(re.findall(r"[a-z]+", " ".join([*written_by_hand, *NUMBERS]).lower().replace("-", "")))
    slips = {slip for word in vocabulary if len(word) >= 5 for slip in _slips(word)}
    assert unknown(written) <= slips
    kinds = [kind for text in written for _, kind in tokens(text)]
    assert kinds.count("OTHER") < 0.05 * len(kinds)


def _slips(word):
    for k in range(1, len(word) - 1):
        yield word[:k] + word[k + 1 :]
        yield word[:k] + word[k + 1] + word[k] + word[k + 2 :]
