"""The numpy engine against the torch engine: the same numbers from the same bundle, whatever its shape."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from backend import bundles, engines  # noqa: E402
from backend.engines.files import LANGUAGE_MODEL  # noqa: E402
from backend.engines.fitting import configs  # noqa: E402
from backend.engines.tensor_file import read  # noqa: E402
from backend.models.config import FOLLOWING  # noqa: E402
from backend.models.language_model import LanguageModel  # noqa: E402
from backend.motion.features import ms272  # noqa: E402
from backend.motion.kinematics import joint_positions  # noqa: E402
from backend.systems import prompts  # noqa: E402
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


def likeliest(engine, bundle, texts: list[str], counts: list[int]) -> list[np.ndarray]:
    """The codes (count,) that the model finds likeliest for each text, all asked together."""
    vocabulary, _, _ = configs(bundle)
    codes, wording = vocabulary.codes("motion"), prompts.of_bundle(bundle)
    speak = prompts.Speech(vocabulary, engine.text, engine.encode_text, engine.spelled)
    asked = [
        wording.prompt("text_to_motion", prompts.Fields(caption=text, length=count), speak)
        for text, count in zip(texts, counts)
    ]
    logits, state = engine.start(asked, np.arange(codes.start, codes.stop), max(counts))
    found = []
    for _ in range(max(counts)):
        found.append(logits.argmax(1))
        logits = engine.step(state, found[-1] + codes.start)
    return [row[:count] for row, count in zip(np.stack(found, 1), counts)]


def test_50_prompts_give_the_same_codes_and_the_same_poses(starter):
    bundle = bundles.load(bundles.default_bundle_path())
    assert len(set(PROMPTS)) == 50
    both_codes = [likeliest(engine, bundle, PROMPTS, list(range(5, 55))) for engine in starter]
    furthest = 0.0
    for text, *codes in zip(PROMPTS, *both_codes):
        assert np.array_equal(*codes), text
        ours, theirs = (joint_positions(ms272.decode(e.decode(codes[0][None])[0])) for e in starter)
        furthest = max(furthest, np.abs(ours - theirs).max())
    assert furthest < 1e-3  # metres


SHAPES = {
    "as shipped": ({}, {}),
    "one layer, one head": ({"layers": 1, "heads": 1}, {"dilations": (9, 3, 1)}),
    "many heads": ({"layers": 3, "heads": 8}, {"down": 1, "dilations": (1, 2)}),
    "unit codes": ({}, {"unit_codes": True, "down": 3, "width": 24, "code_width": 5}),
} | {order: ({}, {"order": order, "unit_codes": order == "concat"}) for order in FOLLOWING}
ROWS = [[1, 9, 8, 7, 3], [1, 3], [1, 9, 8, 7, 3], [1, 5, 6, 3]]
WANTED = {"all": np.arange(380), "neighbours": np.arange(300, 340), "any": np.array([377, 4, 300, 301, 9])}


@pytest.fixture(scope="module", params=SHAPES)
def bundle(request, tmp_path_factory):
    """Random weights of several shapes."""
    language, motion = SHAPES[request.param]
    made_for = {}
    if "order" in motion:
        made_for = {"streams": tiny.BODY if motion["order"] == "vanilla" else tiny.HANDS, "codec": "motionx623"}
    return tiny.build(tmp_path_factory.mktemp("bundle") / "b", language=language, motion=motion, **made_for)


@pytest.fixture(scope="module")
def pair(bundle):
    """(numpy engine, torch engine)."""
    return both(bundle)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """(bundle, its numpy engine, its torch engine) of the shape as shipped."""
    bundle = tiny.build(tmp_path_factory.mktemp("bundle") / "b")
    return bundle, *both(bundle)


def both(bundle):
    return tuple(engines.create(bundle, engine=name, device="cpu") for name in ("numpy", "torch"))


def close(a, b, at_most=2e-5):
    return a.shape == b.shape and a.dtype == b.dtype == np.float32 and np.abs(a - b).max() < at_most


@pytest.mark.parametrize("wanted", WANTED)
def test_logits_of_prompts_of_unequal_length_step_by_step(pair, wanted):
    allowed = WANTED[wanted]
    (ours, state), (theirs, their_state) = (engine.start(ROWS, allowed, 75) for engine in pair)
    assert close(ours, theirs) and ours.shape == (len(ROWS), len(allowed))
    rng = np.random.default_rng(0)
    for _ in range(75):
        tokens = rng.integers(5, 380, len(ROWS))
        ours, theirs = pair[0].step(state, tokens), pair[1].step(their_state, tokens)
        assert close(ours, theirs)


def test_logits_are_those_of_transformers_over_the_whole_text(shipped):
    bundle, *pair = shipped
    _, _, config = configs(bundle)
    model = LanguageModel(config).eval()
    tensors = read(bundle.file(LANGUAGE_MODEL), config.tensors())
    model.load_weights({name: torch.from_numpy(value) for name, value in tensors.items()})
    allowed = WANTED["any"]
    for engine in pair:
        texts = [list(row) for row in ROWS]
        logits, state = engine.start(ROWS, allowed, 5)
        for step in range(6):
            for row, text in zip(logits, texts):
                with torch.inference_mode():
                    expected = model(torch.tensor([text]))[0, -1].numpy()[allowed]
                assert np.allclose(row, expected, atol=2e-5)
            if step < 5:
                logits = engine.step(state, np.full(len(ROWS), 300 + step))
                for text in texts:
                    text.append(300 + step)


def test_a_row_does_not_depend_on_its_neighbours(pair):
    engine, every = pair[0], WANTED["all"]
    alone, state = engine.start([[1, 5, 6, 3]], every, 3)
    alone, among = [alone], []
    for token in (9, 12, 11):
        alone.append(engine.step(state, np.array([token])))
    logits, others = engine.start([[1, 9, 8, 7, 6, 5, 3], [1, 5, 6, 3], [1, 3]], every, 3)
    among.append(logits)
    for token in (9, 12, 11):
        among.append(engine.step(others, np.array([7, token, 8])))
    for one, three in zip(alone, among):
        assert np.allclose(one[0], three[1], atol=1e-5)


def test_all_places_can_be_used_and_no_more(shipped):
    for engine in shipped[1:]:
        assert engine.longest == 256
        logits, state = engine.start([[1, 5]], WANTED["any"], 254)
        for _ in range(254):
            logits = engine.step(state, np.array([9]))
        assert np.isfinite(logits).all()
        with pytest.raises(ValueError, match="start with more steps"):
            engine.step(state, np.array([9]))
        with pytest.raises(ValueError, match="2 tokens and 255 more were asked for, 256 is the most"):
            engine.start([[1, 5]], WANTED["any"], 255)


def test_takes_that_do_not_fit_into_memory_run_fewer_at_a_time(shipped, monkeypatch):
    engine, allowed = shipped[1], WANTED["any"]
    together, _ = engine.start(ROWS, allowed, 0)
    extend = engine._language.extend

    def narrow(tokens, *rest):
        if len(tokens) > 1:
            raise MemoryError
        return extend(tokens, *rest)

    monkeypatch.setattr(engine._language, "extend", narrow)
    with pytest.raises(engines.OutOfMemory, match="4 answers of 12 tokens at a time do not fit into memory; ask for"):
        engine.start(ROWS, allowed, 7)
    found = engines.in_parts(lambda part: list(engine.start([ROWS[i] for i in part], allowed, 0)[0]), [0, 1, 2, 3])
    assert np.allclose(np.stack(found), together, atol=1e-5)


def test_tokens_that_are_none_are_refused_alike(shipped):
    for engine in shipped[1:]:
        for allowed in ([], [3, 3], [-1], [10**6]):
            with pytest.raises(ValueError, match="different ids from 0 to"):
                engine.start([[1]], np.array(allowed, np.int64), 1)
        with pytest.raises(ValueError, match="the model has the tokens 0 to"):
            engine.start([[1, 10**6]], WANTED["any"], 1)
        _, state = engine.start([[1]], WANTED["any"], 1)
        with pytest.raises(ValueError, match="the model has the tokens 0 to"):
            engine.step(state, np.array([-1]))


def test_codes_to_features_and_back(bundle, pair):
    rng, (_, motion, _) = np.random.default_rng(1), configs(bundle)
    codes = [rng.integers(0, tiny.CODES, (3, 11)) for _ in motion.streams]
    ours, theirs = (engine.decode(*codes) for engine in pair)
    assert close(ours, theirs, 1e-4)
    alone = pair[0].decode(*(its[1:2] for its in codes))[0]
    assert np.allclose(alone, ours[1], atol=1e-4), "a take alone decodes as it does among others"
    # what decoding made lies far from most codes; noise comes near many
    noise = (theirs + rng.normal(size=theirs.shape)).astype(np.float32)
    for features in (theirs, noise):
        found = [engine.encode(features) for engine in pair]
        assert len(found[0]) == len(motion.streams) and all(map(np.array_equal, *found))


def test_codes_of_another_number_of_streams_are_refused(bundle, pair):
    _, motion, _ = configs(bundle)
    codes = [np.zeros((1, 4), np.int64)] * (3 - len(motion.streams))
    with pytest.raises(ValueError, match=f"the codes of {', '.join(motion.streams)} are decoded together"):
        pair[0].decode(*codes)


def test_texts_give_the_same_ids(pair):
    for text in (*PROMPTS, "", "<motion> \N{SNOWMAN}  x\t"):
        assert pair[0].encode_text(text) == pair[1].encode_text(text)


@pytest.mark.parametrize("rows", [[], [[1, 2], []]])
def test_nothing_to_read_is_refused_alike(shipped, rows):
    for engine in shipped[1:]:
        with pytest.raises(ValueError, match="every prompt needs at least one token"):
            engine.start(rows, WANTED["any"], 1)
