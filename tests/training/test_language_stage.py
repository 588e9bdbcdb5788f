from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from backend import bundles  # noqa: E402
from backend.engines import EngineError, create  # noqa: E402
from backend.models.language_model import LanguageModelConfig  # noqa: E402
from backend.models.vqvae import VQVAE, VQVAEConfig  # noqa: E402
from backend.systems.prompts import SPECIALS  # noqa: E402
from training import checkpoint, export, language, sequences, text_tokenizer, tokenizer  # noqa: E402
from training.sequences import IGNORED, NONE, Dropping, Sampler, Sequences  # noqa: E402

VERBS = ("walks", "runs", "jumps", "waves", "sits")
WAYS = ("forward", "back", "left", "right")
TEXTS = [f"a person {verb} {way}" for verb in VERBS for way in WAYS]
CODES = 16


def small_text():
    return text_tokenizer.train(TEXTS, text_tokenizer.SMALLEST + 40)


def small_model(text_size: int) -> LanguageModelConfig:
    return LanguageModelConfig(text_size=text_size, codes=CODES, layers=2, width=64, heads=4, positions=60,
                               residual_dropout=0, embedding_dropout=0, attention_dropout=0)  # fmt: skip


def twenty_pairs(encode):
    rng = np.random.default_rng(3)
    records = [{"captions": [{"text": t, "slots": {}}], "codes": rng.integers(0, CODES, rng.integers(4, 9)).tolist()}
               for t in TEXTS]  # fmt: skip
    return sequences.items(records, encode)


def test_text_tokenizer_gives_back_any_text():
    text = small_text()
    for sentence in (*TEXTS, "Über-jump ¿né? 中", ""):
        ids = text.encode(sentence, add_special_tokens=False).ids
        assert text.decode(ids).strip() == sentence
    assert [text.token_to_id(t) for t in SPECIALS] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="at least 261"):
        text_tokenizer.train(TEXTS, 100)


def test_sequence_is_prompt_v1():
    config = small_model(300)
    codes = np.array([3, 1, 2])
    inputs, targets = Sequences(config, NONE).build([10, 11], codes, np.random.default_rng(0))
    length, first = 300 + 2, 375
    assert inputs.tolist() == [1, length, 10, 11, 3, first + 3, first + 1, first + 2]
    assert targets.tolist() == [IGNORED] * 4 + [first + 3, first + 1, first + 2, 4]
    dropped = Dropping(length=1.0, text=1.0, replace=(1.0, 1.0))
    inputs, targets = Sequences(config, dropped).build([10, 11], codes, np.random.default_rng(0))
    assert inputs.tolist()[:3] == [1, 3, length]
    assert targets.tolist() == [IGNORED, length, first + 3, first + 1, first + 2, 4]
    assert inputs.tolist()[3:] != [first + 3, first + 1, first + 2]


def test_sampler_goes_on_from_its_place_and_keeps_to_the_budget():
    pairs = twenty_pairs(lambda t: [5] * (len(t) // 4))
    rows = Sequences(small_model(300), Dropping())
    one = Sampler(pairs, rows, tokens=200, seed=1, pool=64)
    for _ in range(9):
        inputs, _ = one.next()
        assert inputs.numel() <= 200
    other = Sampler(pairs, rows, tokens=200, seed=1, place=one.place, pool=64)
    for _ in range(20):
        assert all(torch.equal(a, b) for a, b in zip(one.next(), other.next(), strict=True))


def test_a_resumed_run_ends_with_the_same_weights(tmp_path):
    config = language.LanguageTraining(model=small_model(300), tokens=300, steps=6, bfloat16=False, seed=2, threads=1)
    config.model.residual_dropout = 0.2
    pairs = twenty_pairs(lambda t: [5] * (len(t) // 4))
    whole = language.train(config, pairs, tmp_path / "whole", pairs).state_dict()
    language.LanguageRun(config, pairs, tmp_path / "halves", pairs).train(stop_after=3)
    torch.randn(5)
    halves = language.train(config, pairs, tmp_path / "halves", pairs).state_dict()
    assert all(torch.equal(whole[k], halves[k]) for k in whole)


@pytest.fixture(scope="module")
def overfit(tmp_path_factory):
    """A language model that has learnt 20 pairs by heart, in a bundle with a random motion tokenizer."""
    folder = tmp_path_factory.mktemp("runs")
    text = small_text()
    folder.joinpath("language").mkdir()
    text.save(str(folder / "tokenizer.json"))

    def encode(sentence):
        return text.encode(sentence, add_special_tokens=False).ids

    pairs = twenty_pairs(encode)
    config = language.LanguageTraining(
        model=small_model(text.get_vocab_size()), tokens=500, steps=400, lr=3e-3, label_smoothing=0.0, average=0.9,
        weight_decay=0.0, dropping=Dropping(0.1, 0.05, (0.0, 0.05)), bfloat16=False, threads=1,
    )  # fmt: skip
    language.train(config, pairs, folder / "language", pairs)
    vqvae = VQVAE(VQVAEConfig(width=16, code_width=8, codes=CODES, dilations=(1,)))
    vqvae.quantizer.codebook.normal_()
    mean, std = torch.linspace(-1, 1, 272), torch.linspace(0.5, 2, 272)
    checkpoint.save_weights(
        folder / "tokenizer", vqvae.state_dict() | {"mean": mean, "std": std},
        {"config": tokenizer.TokenizerTraining(model=vqvae.config).to_dict()},
    )  # fmt: skip
    meta = {"name": "test", "version": "0", "licence": "none", "training_data": ["made up"], "acknowledgement": "-",
            "metrics": {"validation": 1.0}}  # fmt: skip
    runs = (folder / "tokenizer", folder / "language", folder / "tokenizer.json")
    bundle = export.export_bundle(*runs, meta, "# Card\n", folder / "bundle")
    return SimpleNamespace(
        pairs=pairs, bundle=bundle, folder=folder, meta=meta, model=language.load(folder / "language")
    )


def test_twenty_pairs_come_back_from_the_exported_bundle(overfit):
    """Greedy, only codes allowed, exactly as many as asked for: what the system does without chance."""
    engine = create(bundles.load(overfit.bundle.path), "torch", "cpu")
    config = LanguageModelConfig.from_dict(overfit.bundle.config["language_model"])
    wrong = {}
    for sentence, item in zip(TEXTS, overfit.pairs, strict=True):
        k = len(item.codes[0])
        logits, state = engine.start([[1, config.length_token(k), *engine.encode_text(sentence), 3]])
        got = []
        for _ in range(k):
            token = config.first_code + logits[:, config.first_code :].argmax(1)
            got.append(int(token[0]) - config.first_code)
            logits = engine.step(state, token)
        if got != item.codes[0].tolist():
            wrong[sentence] = (got, item.codes[0].tolist())
    assert not wrong


def test_measuring_tells_what_the_text_is_worth(overfit):
    measured = language.evaluate(overfit.model, overfit.pairs)
    assert measured["distinct_texts"] == 20
    assert measured["accuracy"] > 0.95 and measured["loss_no_text"] > measured["loss"] + 0.5
    _, meta = checkpoint.load_weights(overfit.folder / "language" / language.BEST)
    assert meta["validation"]["loss"] <= measured["loss"] + 1e-6


def test_parts_that_do_not_fit_are_refused(overfit):
    with pytest.raises(ValueError, match="meta lacks licence"):
        export.export_bundle(None, None, None, {k: v for k, v in overfit.meta.items() if k != "licence"}, "", None)
    other = text_tokenizer.train(TEXTS, text_tokenizer.SMALLEST)
    other.save(str(overfit.folder / "other.json"))
    with pytest.raises(ValueError, match="text tokens, got 261"):
        export.export_bundle(overfit.folder / "tokenizer", overfit.folder / "language", overfit.folder / "other.json",
                             overfit.meta, "", overfit.folder / "never")  # fmt: skip
    assert not (overfit.folder / "never").exists()


def prompts(overfit, engine):
    config = LanguageModelConfig.from_dict(overfit.bundle.config["language_model"])
    sentences = ("a person walks left", "a person sits", "")
    return [[1, config.length_token(5), *engine.encode_text(s), 3] for s in sentences]


def test_cached_logits_are_those_of_a_full_forward_pass(overfit):
    engine = create(overfit.bundle, "torch", "cpu", threads=1)
    three = prompts(overfit, engine)
    rows = [three[0], three[0], three[1], three[2], three[0]]
    logits, state = engine.start(rows)
    first_code = engine._language.config.first_code
    rng = np.random.default_rng(0)
    for _ in range(4):
        for row, got in zip(rows, logits, strict=True):
            with torch.no_grad():
                whole = engine._language(torch.tensor([row]))[0, -1].numpy()
            assert np.abs(got - whole).max() < 1e-3
        tokens = first_code + rng.integers(0, CODES, len(rows))
        rows = [[*row, int(token)] for row, token in zip(rows, tokens, strict=True)]
        logits = engine.step(state, tokens)


def test_a_row_does_not_depend_on_its_neighbours(overfit):
    engine = create(overfit.bundle, "torch", "cpu")
    three = prompts(overfit, engine)
    together, _ = engine.start(three)
    for row, got in zip(three, together, strict=True):
        alone, _ = engine.start([row])
        assert np.abs(alone[0] - got).max() < 1e-4


def test_engine_encodes_and_decodes_in_the_features_own_units(overfit):
    engine = create(overfit.bundle, "torch", "cpu")
    features = np.random.default_rng(0).normal(size=(2, 18, 272)).astype(np.float32)
    codes = engine.encode(features)
    assert codes.shape == (2, 4) and codes.min() >= 0 and codes.max() < CODES
    decoded = engine.decode(codes)
    assert decoded.shape == (2, 16, 272) and decoded.dtype == np.float32
    model, mean, std = tokenizer.load(overfit.folder / "tokenizer")
    normalised = (torch.from_numpy(features) - torch.from_numpy(mean)) / torch.from_numpy(std)
    assert np.array_equal(codes, model.encode(normalised).numpy())


def test_what_cannot_run_says_why(overfit):
    with pytest.raises(ValueError, match="device 'tpu' is not there.*auto, cpu"):
        create(overfit.bundle, "torch", "tpu")
    with pytest.raises(EngineError, match="runs on numpy, not on torch"):
        create(SimpleNamespace(name="other", engines=("numpy",)), "torch")
    engine = create(overfit.bundle, "torch", "cpu")
    with pytest.raises(ValueError, match="at least one token"):
        engine.start([[1], []])
