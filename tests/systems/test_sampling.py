import numpy as np
import pytest

from backend.engines import OutOfMemory
from backend.systems.grammars import Blocks
from backend.systems.sampling import SamplingConfig, answers, draw
from tests.systems.fake_engine import CODES, FakeEngine, vocabulary

V = vocabulary()
MOTION = V.codes("motion")
TEXT = [21, 22]
END = V.mark("</motion>")


def asked(text, codes):
    return [1, *([] if codes is None else [V.length(codes)]), *text, V.mark("<motion>")]


def grammar(codes, most=75):
    if codes is None:
        return Blocks(V, ("length", "motion", END), (1, most))
    return Blocks(V, ("motion", END), (codes, codes))


def run(codes=12, takes=1, seed=0, engine=None, tick=lambda fraction: None, text=TEXT, **config):
    rngs = [np.random.default_rng([seed, i]) for i in range(takes)]
    engine, silent = engine or FakeEngine(), [asked([], codes)] * takes if text else None
    config = SamplingConfig(**{"guidance": 2.0, **config})
    prompts = [asked(text, codes)] * takes
    return [a["motion"] for a in answers(engine, prompts, grammar(codes), rngs, config, tick, silent)]


def same(a, b):
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("guidance", [1.0, 2.0])
@pytest.mark.parametrize("codes", [1, 12, 75])
def test_exactly_so_many_legal_codes(codes, guidance):
    engine = FakeEngine()
    for row in run(codes, takes=3, engine=engine, guidance=guidance):
        assert len(row) == codes and row.min() >= 0 and row.max() < CODES
    drawn = np.concatenate(engine.steps) if engine.steps else np.array([MOTION.start])
    assert len(engine.steps) == codes - 1
    assert drawn.min() >= MOTION.start and drawn.max() < MOTION.stop


def test_the_model_chooses_the_length_when_none_is_given():
    engine = FakeEngine()
    takes = run(None, takes=4, engine=engine)
    lengths = [len(row) for row in takes]
    assert len(set(lengths)) > 1 and all(1 <= n <= 75 for n in lengths)
    first = engine.steps[0]
    assert first.tolist() == [V.length(n) for n in lengths] * 2, "with the length drawn, and both guided rows told it"
    assert len(engine.steps) == max(lengths), "nobody waits for takes that are done"
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


def test_grammars_of_their_own_side_by_side():
    """Rows of other lengths and other forced places are drawn as each alone."""
    grammars = [Blocks(V, ("motion", END), (n, n), forced) for n, forced in ((3, {}), (9, {4: 1}), (6, {0: 7}))]
    prompts = [asked(TEXT, n) for n in (3, 9, 6)]
    rngs = [np.random.default_rng(i) for i in range(3)]
    config = SamplingConfig(temperature=1.0)

    def drawn(rows):
        some = [grammars[i] for i in rows], [rngs[i] for i in rows]
        return answers(FakeEngine(), [prompts[i] for i in rows], *some, config, lambda fraction: None)

    together = drawn([0, 1, 2])
    assert [len(a["motion"]) for a in together] == [3, 9, 6]
    assert together[1]["motion"][4] == 1 and together[2]["motion"][0] == 7
    for i in range(3):
        assert np.array_equal(drawn([i])[0]["motion"], together[i]["motion"])
    with pytest.raises(ValueError, match="need the same tokens"):
        answers(FakeEngine(), prompts[:2], [grammars[0], grammar(None)], rngs[:2], config, lambda fraction: None)


def test_what_does_not_fit_together_runs_in_parts_and_is_the_same():
    class Small(FakeEngine):
        def start(self, rows, tokens, steps):
            if len(rows) > 4:
                raise OutOfMemory("8 rows do not fit")
            return super().start(rows, tokens, steps)

    told = []
    assert same(run(9, 8, engine=Small(), tick=told.append), run(9, 8))
    assert told == sorted(told) and told[-1] == pytest.approx(1.0)

    class Tiny(FakeEngine):
        def start(self, rows, tokens, steps):
            raise OutOfMemory("not even one")

    with pytest.raises(OutOfMemory, match="not even one"):
        run(9, 8, engine=Tiny())


def test_temperature_0_takes_the_likeliest():
    assert same(run(takes=2, temperature=0.0, seed=1), run(takes=2, temperature=0.0, seed=2))
    engine = FakeEngine()
    (row,) = run(codes=3, temperature=0.0, guidance=1.0, engine=engine)
    legal = np.arange(MOTION.start, MOTION.stop)
    engine = FakeEngine()
    logits, state = engine.start([asked(TEXT, 3)], legal, 3)
    for code in row:
        assert code == logits[0].argmax()
        logits = engine.step(state, legal[[code]])


def test_a_temperature_next_to_0_is_temperature_0():
    assert same(run(temperature=1e-320), run(temperature=0.0))


def test_guidance_1_asks_only_for_the_text():
    engine = FakeEngine()
    plain = run(takes=2, engine=engine, guidance=1.0)
    assert engine.prompts == [[asked(TEXT, 12)] * 2]
    # next to 1 both are asked, and what comes out is the same
    engine = FakeEngine()
    assert same(run(takes=2, engine=engine, guidance=1.0 + 1e-9), plain)
    assert engine.prompts == [[asked(TEXT, 12)] * 2 + [asked([], 12)] * 2]


def test_guidance_0_leaves_the_text_out_and_no_text_is_not_guided():
    engine = FakeEngine()
    silent = run(text=[], engine=engine)
    assert engine.prompts == [[asked([], 12)]]
    assert same(run(guidance=0.0), silent)


def test_guidance_pulls_towards_the_text():
    class TextWantsCode1(FakeEngine):
        def _logits(self, rows, tokens):
            out = np.zeros((len(rows), V.size), np.float32)
            for logits, row in zip(out, rows, strict=True):
                logits[MOTION.start + 1] = 1.0 if TEXT[0] in row[: row.index(V.mark("<motion>"))] else 0.0
            return out[:, tokens]

    share = {g: np.mean(np.concatenate(run(40, 8, engine=TextWantsCode1(), guidance=g)) == 1) for g in (1.0, 4.0)}
    assert share[4.0] > share[1.0] + 0.2


def test_top_k_leaves_only_the_likeliest():
    logits, rngs = np.tile(np.arange(9.0), (200, 1)), [np.random.default_rng(i) for i in range(200)]
    assert set(draw(logits, SamplingConfig(temperature=3.0, top_k=3), rngs)) == {6, 7, 8}
    assert len(set(draw(logits * 0, SamplingConfig(top_k=0), rngs))) == 9
    assert set(draw(logits, SamplingConfig(top_k=1), rngs)) == {8}


@pytest.mark.parametrize(
    "top_p, left",
    [(0.0, {3}), (0.39, {3}), (0.41, {3, 1}), (0.69, {3, 1}), (0.71, {3, 1, 0}), (1.0, {0, 1, 2, 3})],
)
def test_top_p_leaves_the_likeliest_that_make_it_up(top_p, left):
    chances = np.array([0.2, 0.3, 0.1, 0.4])
    logits, rngs = np.tile(np.log(chances), (300, 1)), [np.random.default_rng(i) for i in range(300)]
    assert set(draw(logits, SamplingConfig(temperature=1.0, top_k=0, top_p=top_p), rngs)) == left


@pytest.mark.parametrize("top_k, top_p", [(0, 1.0), (5, 1.0), (0, 0.5), (5, 0.5)])
def test_what_is_not_allowed_is_never_drawn(top_k, top_p):
    logits = np.full((200, 9), -np.inf)
    logits[:, [2, 5]] = [1.0, 0.5]
    rngs = [np.random.default_rng(i) for i in range(200)]
    assert set(draw(logits, SamplingConfig(temperature=2.0, top_k=top_k, top_p=top_p), rngs)) <= {2, 5}


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


@pytest.mark.parametrize(
    "given, message", [({"top_p": 1.5}, "'top_p'"), ({"top_k": -1}, "'top_k'"), ({"beams": 3}, "unknown field 'beams'")]
)
def test_a_bundles_sampling_is_checked(given, message):
    with pytest.raises(ValueError, match=message):
        SamplingConfig.from_dict(given)
