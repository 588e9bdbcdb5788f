"""From files in the published layouts to motions: what is imported is what the systems run."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("peft")

from backend import bundles, engines, systems  # noqa: E402
from backend.protocol import GenerateRequest, Segment  # noqa: E402
from tests import tiny_text  # noqa: E402
from tests.training.importing import lit_llama, published  # noqa: E402
from training import tokenizer_jobs  # noqa: E402
from training.importing import importer, llama1, mg1_lora, mgt5  # noqa: E402
from training.importing.imported import Options  # noqa: E402
from training.importing.t5_shape import T5Shape  # noqa: E402


def imported(kind, found, folder, options, monkeypatch, convert):
    """The bundle that ``python -m training import`` makes of a published file, its sizes made small."""
    monkeypatch.setitem(importer.KINDS, kind, replace(importer.KINDS[kind], convert=convert))
    torch.save(found, folder / "published")
    importer.import_file(folder / "published", kind, folder / "bundle", options)
    return bundles.load(folder / "bundle")


def generated(bundle, engine):
    request = GenerateRequest(segments=(Segment("a person walks forward"),), seconds=2.0, seed=3)
    motions, report = systems.create(bundle, engine).generate(request, lambda *_: None, lambda: False)
    assert np.isfinite(motions[0].rotations).all() and len(motions[0]) == request.frames
    return report


def test_motiongpt_on_t5(narrow, tmp_path, monkeypatch):
    torch.manual_seed(0)
    words = tiny_text.train(specials=("<pad>", "</s>", "<unk>"))
    words.save(str(tmp_path / "tokenizer.json"))
    shape = T5Shape(width=16, inner=24, layers=2, heads=2, head_width=8, text=words.get_vocab_size())
    model = transformers.T5ForConditionalGeneration(transformers.T5Config(**shape.config()))
    state = published.tokenizer(prefix="vae.", fill=published.random, channels=published.NARROW)
    state |= {f"lm.language_model.{name}": value for name, value in model.state_dict().items()}
    bundle = imported(
        "mgt5", {"state_dict": state}, tmp_path, Options(tokenizer=tmp_path), monkeypatch,
        lambda found, options: mgt5.convert(found, options, shape),
    )  # fmt: skip
    report = generated(bundle, engines.create(bundle, "auto", "cpu", 1))
    assert (report.system, report.engine) == ("motiongpt2", "torch")


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    """The folder of a base, and the LoRA with the published network's weights, whose numbers are small enough to feel
    what RMSNorm adds."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("llama")
    words = tiny_text.train(specials=("<unk>", "<s>", "</s>"), prefix_space=False)
    words.save(str(folder / "tokenizer.json"))
    sizes = lit_llama.Sizes(words=words.get_vocab_size())
    weights, lora = lit_llama.base(sizes), lit_llama.lora(sizes)
    weights["transformer.wte.weight"] *= 0.05
    lit_llama.converted(sizes, weights, rms_norm_eps=1e-6).save_pretrained(folder)
    return folder, sizes, weights, lora


def test_motiongpt_on_llama(llama, vq_bundle, tmp_path, monkeypatch):
    folder, sizes, weights, lora = llama
    base = llama1.Base("tiny", "nowhere/tiny", sizes.width, sizes.layers, sizes.heads, sizes.rank, 16, sizes.words)
    bundle = imported(
        "mg1-lora", lora, tmp_path, Options(tokenizer_bundle=vq_bundle[1]), monkeypatch,
        lambda found, options: mg1_lora.convert(found, options, [base]),
    )  # fmt: skip
    with pytest.warns(UserWarning, match="which files of nowhere/tiny bundle motiongpt-tiny was trained on"):
        engine = engines.create(bundle, "auto", "cpu", 1, folder)
    prompt, every = [1, 30, 40, 50, 60], np.arange(sizes.words)
    truth = lit_llama.logits(sizes, weights, lora, torch.tensor([prompt]))[0, -1].numpy()
    assert np.abs(engine.start([prompt], every, 1)[0][0] - truth).max() < 1e-4
    assert generated(bundle, engine).system == "motiongpt"


def test_a_tokenizer_is_measured_like_a_run_of_ours(vq_bundle):
    found = tokenizer_jobs.tokenizer.load_tokenizer(vq_bundle[1])
    _, codes = found.through(np.zeros((64, 263), np.float32) + found.mean)
    assert codes["motion"].shape == (16,)
