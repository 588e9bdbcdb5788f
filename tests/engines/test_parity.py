"""The numpy engine against the torch engine: the same numbers from the same bundle, whatever its shape."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from backend import bundles, engines  # noqa: E402
from backend.motion.features import ms272  # noqa: E402
from backend.motion.kinematics import joint_positions  # noqa: E402
from backend.systems import prompts  # noqa: E402
from backend.systems.motiongpt2 import MotionGPT2  # noqa: E402
from backend.systems.sampling import SamplingConfig, sample  # noqa: E402
from tests import tiny_bundle as tiny  # noqa: E402

PROMPTS = [
    f"{who} {what}{how}"
    for who, how in (("a person", ""), ("someone", " slowly"), ("he", ", then stops"), ("she", " twice"), ("", "!"))
    for what in (
        "walks forward", "runs in a circle", "jumps up and down", "waves with the right hand", "turns left",
        "sits down on a chair", "kicks with the left foot", "crouches", "dances \N{DANCER}", "steps backwards",
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def starter():
    """(numpy engine, torch engine) on the committed weights."""
    bundle = bundles.load(bundles.default_bundle_path())
    before = torch.get_num_threads()
    # one thread: torch's and numpy's would take the cores from each other
    yield tuple(engines.create(bundle, engine=name, device="cpu", threads=1) for name in ("numpy", "torch"))
    torch.set_num_threads(before)


def test_50_prompts_give_the_same_codes_and_the_same_poses(starter):
    bundle = bundles.load(bundles.default_bundle_path())
    systems = [MotionGPT2(bundle, engine) for engine in starter]
    assert len(set(PROMPTS)) == 50
    furthest = 0.0
    for i, text in enumerate(PROMPTS):
        # a length, or the one that the model chooses; guided as the bundle is used
        count = None if i % 5 == 0 else 5 + i
        config = replace(systems[0].sampling, temperature=0.0)
        codes = []
        for system in systems:
            ids = system.engine.encode_text(prompts.normalise(text))
            rngs = [np.random.default_rng(0)]
            codes += sample(system.engine, system.vocabulary, ids, count, rngs, config, lambda fraction: None)
        assert np.array_equal(*codes), text
        ours, theirs = (joint_positions(ms272.decode(e.decode(codes[0][None])[0])) for e in starter)
        furthest = max(furthest, np.abs(ours - theirs).max())
    assert furthest < 1e-3  # metres


def test_drawn_takes_are_the_same(starter):
    vocabulary = prompts.Vocabulary(1200, 1024)
    found = []
    for engine in starter:
        rngs = [np.random.default_rng(i) for i in range(4)]
        ids = engine.encode_text("a person walks forward")
        found.append(sample(engine, vocabulary, ids, 20, rngs, SamplingConfig(0.8, 100, 3.0), lambda fraction: None))
    assert np.array_equal(*found)


SHAPES = {
    "as shipped": ({}, {}),
    "one layer, one head": ({"layers": 1, "heads": 1}, {"dilations": (9, 3, 1)}),
    "many heads": ({"layers": 3, "heads": 8}, {"down": 1, "dilations": (1, 2)}),
    "unit codes": ({}, {"unit_codes": True, "down": 3, "width": 24, "code_width": 5}),
}


@pytest.fixture(scope="module", params=SHAPES)
def pair(request, tmp_path_factory):
    """(numpy engine, torch engine) on random weights of several shapes."""
    language, motion = SHAPES[request.param]
    bundle = tiny.build(tmp_path_factory.mktemp("bundle") / "b", language=language, motion=motion)
    return tuple(engines.create(bundle, engine=name, device="cpu") for name in ("numpy", "torch"))


def close(a, b, at_most=2e-5):
    return a.shape == b.shape and a.dtype == b.dtype == np.float32 and np.abs(a - b).max() < at_most


def test_logits_of_prompts_of_unequal_length_step_by_step(pair):
    rows = [[1, 9, 8, 7, 3], [1, 3], [1, 9, 8, 7, 3], [1, 5, 6, 3]]
    (ours, state), (theirs, their_state) = (engine.start(rows) for engine in pair)
    assert close(ours, theirs)
    rng = np.random.default_rng(0)
    for _ in range(75):
        tokens = rng.integers(5, ours.shape[1], len(rows))
        ours, theirs = pair[0].step(state, tokens), pair[1].step(their_state, tokens)
        assert close(ours, theirs)


def test_a_row_does_not_depend_on_its_neighbours(pair):
    engine = pair[0]
    alone, state = engine.start([[1, 5, 6, 3]])
    among, others = engine.start([[1, 9, 8, 7, 6, 5, 3], [1, 5, 6, 3], [1, 3]])
    assert np.allclose(alone[0], among[1], atol=1e-5)
    for token in (9, 12, 11):
        alone = engine.step(state, np.array([token]))
        among = engine.step(others, np.array([7, token, 8]))
        assert np.allclose(alone[0], among[1], atol=1e-5)


def test_codes_to_features_and_back(pair):
    codes = np.random.default_rng(1).integers(0, tiny.CODES, (3, 11))
    ours, theirs = (engine.decode(codes) for engine in pair)
    assert close(ours, theirs, 1e-4)
    assert np.allclose(pair[0].decode(codes[1:2])[0], ours[1], atol=1e-4), (
        "a take alone decodes as it does among others"
    )
    assert np.array_equal(*(engine.encode(theirs) for engine in pair))


def test_texts_give_the_same_ids(pair):
    for text in (*PROMPTS, "", "<motion> \N{SNOWMAN}  x\t"):
        assert pair[0].encode_text(text) == pair[1].encode_text(text)


@pytest.mark.parametrize("rows", [[], [[1, 2], []]])
def test_nothing_to_read_is_refused_alike(pair, rows):
    for engine in pair:
        with pytest.raises(ValueError, match="every prompt needs at least one token"):
            engine.start(rows)
