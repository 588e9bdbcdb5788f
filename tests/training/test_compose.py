"""Captions: enough of them, true of their segment, with sides swapped in mirrors, and readable when joined."""

import json
from pathlib import Path

import numpy as np
import pytest

from backend.motion.fact_words import KEYS
from training.data.captions import compose as captions
from training.data.captions.compose import MAX_WORDS, attach, compose, join, overlay
from training.data.captions.grammar import base_of, finite, gerund, parse, swap_sides

FOLDER = Path(captions.__file__).parent
BANK = json.loads((FOLDER / "facts.json").read_text(encoding="utf-8"))
PHRASES = json.loads((FOLDER / "phrases.json").read_text(encoding="utf-8"))
SLOTS = {
    "verb": "walk",
    "side": None,
    "direction": "forward",
    "turn": "left",
    "speed": None,
    "count": None,
    "style": None,
}
ENTRY = {
    "slots": SLOTS,
    "sentences": ["a person walks forward and veers left", "someone is walking, drifting off to the left",
                  "walk forward and bear left", "he starts on his right foot and walks left"],
    "short": ["walk left", "curve left"],
    "whole": False,
    "parts": ["a person bears left while walking", "the figure keeps walking"],
}  # fmt: skip


def test_the_bank_knows_every_key():
    assert set(BANK) == set(KEYS)
    for phrases in BANK.values():
        assert phrases["sentences"] and phrases["clauses"] and phrases["short"]


@pytest.mark.parametrize(
    "keys", [[], ["walk_turn_left", "walk_slow", "steps"], ["jump"], ["wave_right_hand", "stand_still"]]
)
@pytest.mark.parametrize("entry", [ENTRY, None])
def test_at_least_three_different_captions(entry, keys):
    for seed in range(20):
        made = compose(entry, keys, np.random.default_rng(seed), BANK)
        assert 3 <= len(made) <= 6
        assert len({c["text"].lower() for c in made}) == len(made)
        for caption in made:
            assert caption["text"].strip() and "{count}" not in caption["text"]
            assert len(caption["text"].split()) <= MAX_WORDS and "verb" in caption["slots"]


def test_the_same_seed_composes_the_same():
    keys = ["walk_turn_left", "walk_slow"]
    first, second = (compose(ENTRY, keys, np.random.default_rng(3), BANK) for _ in range(2))
    assert first == second != compose(ENTRY, keys, np.random.default_rng(4), BANK)


def test_every_committed_label_composes_well():
    rng = np.random.default_rng(0)
    for family in PHRASES.values():
        for label, entry in family.items():
            if entry["exclude"]:
                continue
            made = compose(entry, ["walk_forward", "steps"], rng, BANK, counts={"steps": 4})
            assert len(made) >= 3, label
            assert all(len(c["text"].split()) <= MAX_WORDS for c in made)


def test_mirrors_swap_sides_of_words_and_slots():
    for seed in range(10):
        for caption in compose(ENTRY, ["walk_turn_right"], np.random.default_rng(seed), BANK, mirrored=True):
            words = caption["text"].lower().replace(".", "").split()
            assert "left" not in words or "foot" in words  # the one sentence with both sides
            assert caption["slots"]["turn"] != "left"


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Left hand", "Right hand"),
        ("turns RIGHT", "turns LEFT"),
        ("spins clockwise", "spins counterclockwise"),
        ("spins counter-clockwise", "spins clockwise"),
        ("a right-handed punch, upright", "a left-handed punch, upright"),
        ("sits right away", "sits right away"),
        ("nothing here", "nothing here"),
    ],
)
def test_swap_sides(text, other):
    assert swap_sides(text) == other


def test_a_short_crop_speaks_of_its_part_only():
    whole = set(ENTRY["sentences"])
    for seed in range(20):
        rng = np.random.default_rng(seed)
        crop = {c["text"] for c in compose(ENTRY, ["walk_forward"], rng, BANK, covers=0.3)}
        assert not crop & whole
        assert "a person bears left while walking" not in crop  # this part walks straight on
    turning = {
        c["text"]
        for s in range(20)
        for c in compose(ENTRY, ["walk_turn_left"], np.random.default_rng(s), BANK, covers=0.3)
    }
    assert "a person bears left while walking" in turning
    most = {c["text"] for s in range(20) for c in compose(ENTRY, [], np.random.default_rng(s), BANK, covers=0.8)}
    assert most & whole


def test_a_bear_does_not_teach_what_walking_is():
    entry = dict(
        ENTRY,
        slots=dict(SLOTS, verb="animal", style="bear"),
        sentences=["act like a bear", "he lumbers"],
        short=["bear"],
    )
    plain = {t for k in ("sentences", "short") for t in BANK["walk_forward"][k]}
    for seed in range(10):
        assert not plain & {c["text"] for c in compose(entry, ["walk_forward"], np.random.default_rng(seed), BANK)}


def test_counts_are_said():
    made = [
        c["text"]
        for s in range(10)
        for c in compose(None, ["steps"], np.random.default_rng(s), BANK, counts={"steps": 4})
    ]
    assert any("four steps" in t for t in made)
    assert not any(
        "{" in t
        for s in range(10)
        for t in (c["text"] for c in compose(None, ["steps"], np.random.default_rng(s), BANK))
    )


def test_clauses_attach_by_their_form():
    assert attach("a person waves", "walking slowly") == "a person waves, walking slowly"
    assert attach("a person waves", "walks slowly") == "a person waves and walks slowly"
    assert attach("wave", "walks slowly") is None
    assert attach("a woman sits", "with its arms up") == "a woman sits with her arms up"


@pytest.mark.parametrize(
    ("third", "base"),
    [
        ("waves", "wave"),
        ("catches", "catch"),
        ("carries", "carry"),
        ("does", "do"),
        ("rises", "rise"),
        ("passes", "pass"),
        ("lies", "lie"),
    ],
)
def test_base_of(third, base):
    assert base_of(third) == base


def test_verb_forms():
    assert gerund(parse("a person waves hello")) == "waving hello"
    assert gerund(parse("someone is running")) == "running"
    assert gerund(parse("he hops")) == "hopping" and gerund(parse("he lies down")) == "lying down"
    assert gerund(parse("he boxes")) == "boxing" and gerund(parse("he looks up")) == "looking up"
    assert gerund(parse("casual walk")) is None and gerund(parse("he sits and waves")) is None
    assert finite(parse("wave your hand")) == "waves your hand"
    assert finite(parse("someone is waving")) == "starts waving"


def caption(text, **slots):
    return {"text": text, "slots": slots}


def texts(make, a, b):
    return {make(caption(a, verb="a"), caption(b, verb="b"), np.random.default_rng(s))["text"] for s in range(60)}


def test_joins_read_naturally():
    made = texts(join, "a person walks forward", "someone waves with the right hand")
    assert "a person walks forward, then waves with the right hand" in made
    assert "a person walks forward and then waves with the right hand" in made
    assert "a person walks forward before waving with the right hand" in made
    assert "first a man walks, after that he sits" in texts(join, "a man walks", "a person sits")
    assert "a man walks, then waves his hand" in texts(join, "a man walks", "she waves her hand")
    assert "walk forward, then wave" in texts(join, "walk forward", "wave")
    assert "she runs, then sits" in texts(join, "run", "she sits")
    result = join(caption("a man walks", verb="walk"), caption("he sits", verb="sit"), np.random.default_rng(0))
    assert result["slots"] == {"verb": "walk", "then": {"verb": "sit"}}


def test_overlays_read_naturally():
    made = texts(overlay, "a person walks forward", "a man waves with his right hand")
    assert "a person walks forward while waving with their right hand" in made
    assert "while waving with their right hand, a person walks forward" in made
    assert overlay(caption("walk"), caption("wave", verb="wave"), np.random.default_rng(0))["slots"]["while"] == {
        "verb": "wave"
    }


def test_joins_of_all_committed_phrases_stay_short():
    rng = np.random.default_rng(0)
    sentences = [t for f in PHRASES.values() for e in f.values() for t in e["sentences"]]
    for i in rng.integers(len(sentences), size=(300, 2)):
        a, b = caption(sentences[i[0]]), caption(sentences[i[1]])
        for made in (join(a, b, rng), overlay(a, b, rng)):
            assert len(made["text"].split()) <= MAX_WORDS and "None" not in made["text"]
