"""What is asked at generation must be what was learnt: prompts.py beside training/sequences.py."""

import numpy as np
import pytest

from backend.systems import prompts


@pytest.mark.parametrize("typed", ["a person walks", "  A Person\twalks\n", "A PERSON   WALKS", "a\u00a0person walks "])
def test_wording_is_normalised(typed):
    assert prompts.normalise(typed) == "a person walks"


def test_ids_lie_behind_one_another():
    v = prompts.Vocabulary(300, 16)
    assert (v.lengths, v.motion) == (slice(300, 375), slice(375, 391))
    assert [v.length(1), v.length(75)] == [300, 374]


def test_training_reads_the_same_normalised_text():
    pytest.importorskip("torch")
    from training.recipes import starter

    assert starter.normalise is prompts.normalise


def test_training_and_serving_agree_on_every_number():
    pytest.importorskip("torch")
    from backend.models.language_model import LanguageModelConfig
    from training import text_tokenizer, tokenizer_config

    config = LanguageModelConfig()
    v = prompts.Vocabulary(config.text_size, config.codes)
    assert (v.motion.start, v.motion.stop, prompts.MAX_CODES) == (config.first_code, config.size, config.lengths)
    assert [v.length(k) for k in (1, 40, 75)] == [config.length_token(k) for k in (1, 40, 75)]
    text = text_tokenizer.train(["a person walks"], text_tokenizer.SMALLEST)
    ids = (prompts.PAD, prompts.BOS, prompts.EOS, prompts.MOTION, prompts.END_MOTION)
    assert ids == tuple(text.token_to_id(t) for t in prompts.SPECIALS) == (0, 1, 2, 3, 4)
    assert text_tokenizer.encode(text, " A  Person\tWALKS ") == text_tokenizer.encode(text, "a person walks")
    assert tokenizer_config.starter_model().frames_per_code == prompts.FRAMES_PER_CODE


@pytest.mark.parametrize("length_dropped, text_dropped", [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
@pytest.mark.parametrize("k", [1, 13, 75])
def test_training_builds_the_sequence_that_is_asked_for(length_dropped, text_dropped, k):
    pytest.importorskip("torch")
    from backend.models.language_model import LanguageModelConfig
    from training.sequences import Dropping, Sequences

    config = LanguageModelConfig(text_size=300, codes=16)
    v = prompts.Vocabulary(300, 16)
    text, codes = [17, 230, 5], np.arange(k) % 16
    dropping = Dropping(length_dropped, text_dropped, (0.0, 0.0))
    inputs, targets = Sequences(config, dropping).build(text, codes, np.random.default_rng(0))
    asked = prompts.prompt(v, [] if text_dropped else text, None if length_dropped else k)
    drawn = [v.length(k)] if length_dropped else []
    answer = [*drawn, *(codes + v.motion.start)]
    assert inputs.tolist() == [*asked, *answer]
    # the loss counts what serving draws, from the same places: the answer, and the end that serving leaves out
    assert targets[len(asked) - 1 :].tolist() == [*answer, prompts.END_MOTION]


def test_a_text_that_serving_keeps_whole_was_never_cut_in_training():
    pytest.importorskip("torch")
    from backend.models.language_model import LanguageModelConfig
    from training.sequences import NONE, Sequences

    config = LanguageModelConfig(text_size=300, codes=16)
    text = [7] * (config.positions - prompts.MAX_CODES - 4)
    inputs, _ = Sequences(config, NONE).build(text, np.zeros(75, int), np.random.default_rng(0))
    assert inputs.tolist().count(7) == len(text) and len(inputs) <= config.positions
