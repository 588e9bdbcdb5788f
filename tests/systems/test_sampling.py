import numpy as np
import pytest

from backend.systems.prompts import MAX_CODES, MOTION, Vocabulary, prompt
from backend.systems.sampling import SamplingConfig, draw, sample
from tests.systems.fake_engine import CODES, TEXT_SIZE, FakeEngine

V = Vocabulary(TEXT_SIZE, CODES)
TEXT = [11, 12]


def run(codes=12, takes=1, seed=0, engine=None, tick=lambda fraction: None, text=TEXT, **config):
    rngs = [np.random.default_rng([seed, i]) for i in range(takes)]
    return sample(engine or FakeEngine(), V, text, codes, rngs, SamplingConfig(**config), tick)


def same(a, b):
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("guidance", [1.0, 2.0])
@pytest.mark.parametrize("codes", [1, 12, MAX_CODES])
def test_exactly_so_many_legal_codes(codes, guidance):
    engine = FakeEngine()  # gives illegal tokens the highest logits by far
    for row in run(codes, takes=3, engine=engine, guidance=guidance):
        assert len(row) == codes and row.min() >= 0 and row.max() < CODES
    drawn = np.concatenate(engine.steps) if engine.steps else np.array([V.motion.start])
    assert len(engine.steps) == codes - 1
    assert drawn.min() >= V.motion.start and drawn.max() < V.motion.stop


def test_the_model_chooses_the_length_when_none_is_given():
    engine = FakeEngine()
    takes = run(None, takes=4, engine=engine)
    lengths = [len(row) for row in takes]
    assert len(set(lengths)) > 1 and all(1 <= n <= MAX_CODES for n in lengths)
    first = engine.steps[0]
    assert first.tolist() == [V.length(n) for n in lengths] * 2, "with the length drawn, and both guided rows told it"
    assert len(engine.steps) == max(lengths)
    assert all(row.max() < CODES for row in takes)


@pytest.mark.parametrize("codes", [None, 9])
def test_same_seed_same_codes_and_other_seed_other_codes(codes):
    assert same(run(codes, 3, seed=5), run(codes, 3, seed=5))
    assert not same(run(codes, 3, seed=5), run(codes, 3, seed=6))


@pytest.mark.parametrize("codes", [None, 9])
def test_a_take_does_not_depend_on_how_many_there_are(codes):
    eight = run(codes, 8, seed=2)
    assert same(run(codes, 3, seed=2), eight[:3])
    assert not same(eight[:1], eight[1:2])


def test_temperature_0_takes_the_likeliest():
    assert same(run(takes=2, temperature=0.0, seed=1), run(takes=2, temperature=0.0, seed=2))
    engine = FakeEngine()
    (row,) = run(codes=3, temperature=0.0, guidance=1.0, engine=engine)
    logits, state = FakeEngine().start([prompt(V, TEXT, 3)])
    for code in row:
        assert code == logits[0, V.motion].argmax()
        logits = FakeEngine().step(state, np.array([code + V.motion.start]))


def test_a_temperature_next_to_0_is_temperature_0():
    assert same(run(temperature=1e-320), run(temperature=0.0))


def test_guidance_1_asks_only_for_the_text():
    engine = FakeEngine()
    plain = run(takes=2, engine=engine, guidance=1.0)
    assert engine.prompts == [[prompt(V, TEXT, 12)] * 2]
    # next to 1 both are asked, and what comes out is the same
    engine = FakeEngine()
    assert same(run(takes=2, engine=engine, guidance=1.0 + 1e-9), plain)
    assert engine.prompts == [[prompt(V, TEXT, 12)] * 2 + [prompt(V, [], 12)] * 2]


def test_guidance_0_leaves_the_text_out_and_no_text_is_not_guided():
    engine = FakeEngine()
    silent = run(text=[], engine=engine, guidance=2.0)
    assert engine.prompts == [[prompt(V, [], 12)]]
    assert same(run(guidance=0.0), silent)


def test_guidance_pulls_towards_the_text():
    class TextWantsCode1(FakeEngine):
        def _logits(self, state):
            out = np.zeros((len(state), V.motion.stop), np.float32)
            for logits, row in zip(out, state, strict=True):
                logits[V.motion.start + 1] = 1.0 if TEXT[0] in row[: row.index(MOTION)] else 0.0
            return out

    share = {g: np.mean(np.concatenate(run(40, 8, engine=TextWantsCode1(), guidance=g)) == 1) for g in (1.0, 4.0)}
    assert share[4.0] > share[1.0] + 0.2


def test_top_k_leaves_only_the_likeliest():
    logits, rngs = np.tile(np.arange(9.0), (200, 1)), [np.random.default_rng(i) for i in range(200)]
    assert set(draw(logits, SamplingConfig(temperature=3.0, top_k=3), rngs)) == {6, 7, 8}
    assert len(set(draw(logits * 0, SamplingConfig(top_k=0), rngs))) == 9
    assert set(draw(logits, SamplingConfig(top_k=1), rngs)) == {8}


def test_draws_are_as_likely_as_the_logits_say():
    """Row by row what numpy's own weighted choice takes from the same generator."""
    logits = np.random.default_rng(1).normal(size=(50, 30)).astype(np.float32)
    drawn = draw(logits, SamplingConfig(temperature=0.7, top_k=0), [np.random.default_rng(i) for i in range(50)])
    for i, row in enumerate(logits.astype(float)):
        chances = np.exp((row - row.max()) / 0.7)
        assert drawn[i] == np.random.default_rng(i).choice(30, p=chances / chances.sum())


def test_what_tick_raises_stops_within_one_token():
    class Stop(Exception):
        pass

    engine, told = FakeEngine(), []

    def tick(fraction):
        told.append(fraction)
        if len(told) == 5:
            raise Stop

    with pytest.raises(Stop):
        run(20, engine=engine, tick=tick)
    assert len(engine.steps) == 4, "the fifth code was drawn, nothing was asked of the engine after it"
    assert told == pytest.approx([0.05, 0.1, 0.15, 0.2, 0.25])


@pytest.mark.parametrize("codes", [0, 76])
def test_a_length_without_a_token_is_refused(codes):
    with pytest.raises(ValueError, match=f"between 1 and 75 motion codes can be made, got {codes}"):
        run(codes)
