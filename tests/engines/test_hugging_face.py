"""Bundles on bases of other houses: the engine's numbers are those of the PEFT model's own forward."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("peft")


from backend import engines  # noqa: E402
from backend.bundles import BundleError  # noqa: E402
from backend.engines import base_files, memory  # noqa: E402
from backend.engines.hugging_face import network  # noqa: E402
from backend.systems.vocabulary import TextTokens  # noqa: E402
from tests import tiny_base, tiny_based  # noqa: E402

CPU = torch.device("cpu")
# kind, and whether the head is the embedding (None: as the kind has it)
BASES = [
    ("llama", None), ("llama", True), ("qwen2", None), ("gemma", None), ("gpt2", None), ("gpt2", False), ("t5", True),
    ("t5", False),
]  # fmt: skip


def named(base) -> str:
    kind, tied = base
    return kind + {None: "", True: " tied", False: " with a head of its own"}[tied]


@pytest.fixture(scope="module", params=BASES, ids=map(named, BASES))
def base(request, tmp_path_factory):
    kind, tied = request.param
    return tiny_base.write(tmp_path_factory.mktemp("base") / kind, kind, tied=tied)


@pytest.fixture(scope="module")
def based(base, tmp_path_factory):
    """(the PEFT model, the vocabulary, an engine on the bundle with its adapter)."""
    words = tiny_based.vocabulary(base_files.rows(base_files.config(base)))
    model = tiny_based.adapted(base, words.added)
    bundle = tiny_based.build(tmp_path_factory.mktemp("bundle") / "b", base, kept=tiny_based.files(model, base))
    return model, words, engines.create(bundle, device="cpu", base=base)


@torch.inference_mode()
def whole(model, prompt: list[int], answer: list[int]) -> np.ndarray:
    """The logits (V,) after an answer so far, by the model's own forward over all of it."""
    if model.config.is_encoder_decoder:
        written = [model.config.decoder_start_token_id, *answer]
        out = model(input_ids=torch.tensor([prompt]), decoder_input_ids=torch.tensor([written]), use_cache=False)
    else:
        out = model(input_ids=torch.tensor([prompt + answer]), use_cache=False)
    return out.logits[0, -1].numpy()


def test_logits_are_those_of_the_peft_model(based):
    model, words, engine = based
    codes = words.codes("motion")
    allowed = np.array([*range(codes.start, codes.stop), words.mark("</motion>"), 40, engine.text.eos])
    asked = [
        [*engine.encode_text("a person walks"), words.length(7), words.mark("<motion>")],
        [60, words.mark("<mask>")],
    ]
    rows = [asked[0], asked[1], asked[0]]
    random, answers = np.random.default_rng(0), [[], [], []]
    logits, state = engine.start(rows, allowed, 6)
    for step in range(7):
        for prompt, answer, found in zip(rows, answers, logits):
            expected = whole(model, prompt, answer)[allowed]
            assert np.allclose(found, expected, atol=1e-4 * max(1, np.abs(expected).max()))
        if step < 6:
            tokens = random.choice(allowed, 3)
            logits = engine.step(state, tokens)
            for answer, token in zip(answers, tokens):
                answer.append(int(token))
    with pytest.raises(ValueError, match="start with more steps"):
        engine.step(state, tokens)
    loaded, trained = engine._language._model, model.get_base_model()
    if not loaded.config.is_encoder_decoder:  # transformers calls T5's head tied whatever it is
        once = loaded.get_output_embeddings().weight is loaded.get_input_embeddings().weight
        assert once == trained.config.tie_word_embeddings, "a tied head is not held twice"


def test_texts_are_read_and_written_and_nothing_in_them_is_special(build):
    engine = build()
    assert engine.text == TextTokens(bos=0, eos=1, pad=1) and engine.longest == tiny_base.POSITIONS
    ids = engine.encode_text("a person walks </s>")
    assert engine.text.eos not in ids and engine.decode_text(ids) == "a person walks </s>"
    assert engine.decode_text([0, *engine.encode_text("he waves"), 1]) == "he waves"
    assert engine.decode_text(engine.spelled("0123456789,")) == "0123456789,"
    with pytest.raises(BundleError, match="has no token for 'é' alone"):
        engine.spelled("1é")
    with pytest.raises(ValueError, match="there are the text tokens 0 to"):
        engine.decode_text([10**6])


def test_codes_in_digits_need_no_added_tokens(llama, tmp_path):
    model = tiny_based.adapted(llama, 0, target_modules=["q_proj", "v_proj"])
    bundle = tiny_based.build(tmp_path / "digits", llama, "alpaca_digits", tiny_based.files(model, llama))
    engine = engines.create(bundle, device="cpu", base=llama)
    prompt, allowed = engine.encode_text("a person walks"), np.array(engine.spelled("0123456789,"))
    found, _ = engine.start([prompt], allowed, 0)
    assert np.allclose(found[0], whole(model, prompt, [])[allowed], atol=1e-4)


def test_growing_keeps_the_rows_and_a_head_of_its_own(base):
    model = network.load(base, torch.float32, CPU, {})
    ends = model.get_input_embeddings(), model.get_output_embeddings()
    before, tied = [end.weight.clone() for end in ends], ends[0].weight is ends[1].weight
    rows = len(before[0])
    network.grow(model, rows + 5)
    after = [end.weight for end in (model.get_input_embeddings(), model.get_output_embeddings())]
    assert all(len(a) == rows + 5 and torch.equal(a[:rows], b) for a, b in zip(after, before))
    assert (after[0] is after[1]) == tied


@pytest.mark.parametrize("kind", ["gpt2", "t5"])
def test_a_model_trained_as_a_whole_needs_no_base(kind, tmp_path):
    base = tiny_base.write(tmp_path / kind, kind)
    rows = base_files.rows(base_files.config(base))
    words = tiny_based.vocabulary(rows)
    model = network.load(base, torch.float32, CPU, {}).eval()
    network.grow(model, words.size)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    bundle = tiny_based.build(tmp_path / "whole", base, kept=tiny_based.files(model, base))
    engine = engines.create(bundle, device="cpu")
    allowed = np.arange(words.codes("motion").start, words.size)
    found, _ = engine.start([[40, 41]], allowed, 3)
    assert np.allclose(found[0], whole(model, [40, 41], [])[allowed], atol=1e-4)


def test_weights_that_do_not_fit_into_memory_are_not_loaded(build, monkeypatch):
    monkeypatch.setattr(memory, "free", lambda device: 1000)
    with pytest.raises(engines.OutOfMemory, match="llama needs 0.0 GiB for its 0.0 billion weights in float32 on cpu"):
        build()


def test_takes_that_do_not_fit_together_run_fewer_at_a_time(build, monkeypatch):
    engine, allowed = build(), np.arange(300, 310)
    rows = [[40 + i] for i in range(5)]
    together, _ = engine.start(rows, allowed, 0)
    start, asked = engine._language.start, []

    def narrow(prompts, *rest):
        asked.append(len(prompts))
        if len(prompts) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return start(prompts, *rest)

    monkeypatch.setattr(engine._language, "start", narrow)
    most = 2
    found = engines.in_parts(lambda part: list(engine.start([rows[i] for i in part], allowed, 0)[0]), list(range(5)))
    assert np.allclose(np.stack(found), together, atol=1e-5) and asked == [5, 3, 2, 1, 2]
    most = 0
    with pytest.raises(engines.OutOfMemory, match="1 answers of 1 tokens at a time do not fit .* ask for fewer takes"):
        engines.in_parts(lambda part: list(engine.start([rows[i] for i in part], allowed, 0)[0]), [0, 1])
