"""Runs on bases of others become bundles that generate: an adapter beside its base, or all that was trained."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from backend import engines, systems  # noqa: E402
from backend.engines.choosing import EngineError  # noqa: E402
from backend.protocol import GenerateRequest, Segment  # noqa: E402
from tests import tiny_base  # noqa: E402
from tests import tiny_bundle as tiny  # noqa: E402
from training.exporting import based, language_run  # noqa: E402
from training.language import alignment  # noqa: E402
from training.language.examples import Mixture  # noqa: E402
from training.language.items import Item, Variant  # noqa: E402
from training.language.lora import LoRA  # noqa: E402

ABOUT = tiny.ABOUT | {"licence": "ours", "base_licence": "theirs"}
ITEMS = [Item([text], [Variant({"motion": np.arange(3 + i) % tiny.CODES})]) for i, text in enumerate(tiny.SENTENCES)]


def trained(folder, kind, **changes):
    """A base, and the folder of a run of two steps on it."""
    base = tiny_base.write(folder / "base", kind)
    config = alignment.Alignment(
        base=str(base), lora=LoRA(rank=2), streams={"motion": tiny.CODES}, tokens=120, steps=2, warmup=0.0, threads=1,
        mixture=Mixture({"text_to_motion": 0.5, "describe": 0.5}), precision="fp32", average=0.0,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        alignment.train(replace(config, **changes), ITEMS, folder / "run")
    return base, folder / "run"


def exported(run, out, meta=ABOUT, whole=False):
    return based.export(tiny.motion_tokenizer(), language_run.read(run), meta, "# Card\n", out, whole=whole)


def generated(bundle, base=None):
    system = systems.create(bundle, engines.create(bundle, "auto", "cpu", 1, base))
    request = GenerateRequest(segments=(Segment("a person walks"),), seconds=1.0, takes=2, seed=1)
    motions, report = system.generate(request, lambda stage, fraction: None, lambda: False)
    return motions, report


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapter")
    base, run = trained(folder, "llama", save_whole=True)
    return base, run, exported(run, folder / "bundle")


def test_an_adapter_generates_on_its_base(adapter):
    base, _, bundle = adapter
    assert (bundle.system, bundle.engines, bundle.tasks) == ("motiongpt2", ("torch",), ("text_to_motion", "describe"))
    assert set(bundle.files) == {
        "adapter_model.safetensors", "adapter_config.json", "motion_tokenizer.safetensors", "prompts.json",
        "MODEL_CARD.md",
    }  # fmt: skip
    motions, report = generated(bundle, base)
    assert len(motions) == 2 and report.engine == "torch" and np.isfinite(motions[0].rotations).all()


def test_the_licence_of_the_base_stands_in_the_bundle(adapter, tmp_path):
    _, run, bundle = adapter
    assert bundle.licence == "ours; base model base: theirs"
    with pytest.raises(ValueError, match="meta lacks base_licence"):
        exported(run, tmp_path / "bundle", tiny.ABOUT)


def test_without_its_base_it_says_what_is_missing(adapter, tmp_path):
    bundle = adapter[2]
    with pytest.raises(ValueError, match="the base model base is not on this machine; name its folder"):
        engines.create(bundle, "torch", "cpu")
    with pytest.raises(EngineError, match="runs on torch, not on numpy"):
        engines.create(bundle, "numpy")
    other = tiny_base.write(tmp_path / "other", "llama", seed=1)
    with pytest.raises(ValueError, match="another base model: its fingerprint is"):
        engines.create(bundle, "torch", "cpu", base=other)


def test_the_base_can_be_put_in(adapter, tmp_path):
    base, run, bundle = adapter
    whole = exported(run, tmp_path / "whole", whole=True)
    assert "model.safetensors" in whole.files and "adapter_config.json" not in whole.files
    prompt, every = [1, 30, 31], np.arange(40)
    one, other = (engines.create(b, "torch", "cpu", 1, base) for b in (bundle, whole))
    assert np.abs(one.start([prompt], every, 1)[0] - other.start([prompt], every, 1)[0]).max() < 1e-4
    shutil.rmtree(shutil.copytree(run, tmp_path / "run") / "whole")
    with pytest.raises(ValueError, match="the run was not told to 'save_whole', or has not ended"):
        exported(tmp_path / "run", tmp_path / "none", whole=True)


def test_a_model_that_was_trained_whole_needs_no_base(tmp_path):
    _, run = trained(tmp_path, "t5", lora=None)
    bundle = exported(run, tmp_path / "bundle")
    assert {"model.safetensors", "config.json", "tokenizer.json"} < set(bundle.files)
    motions, _ = generated(bundle)
    assert np.isfinite(motions[0].rotations).all()


def test_the_bundle_is_the_network_of_the_run(adapter):
    """The logits after a prompt, of the run's network and of the engine on the bundle."""
    base, run, bundle = adapter
    from backend.engines import base_model
    from backend.systems.vocabulary import Vocabulary
    from training import checkpoint
    from training.language.hugging_face import OnBase

    vocabulary = Vocabulary.from_dict(bundle.config["vocabulary"])
    network = OnBase(base, base_model.describe(base), vocabulary.added, LoRA(rank=2), half=False).eval()
    network.take(checkpoint.load_weights(run)[0])
    prompt = [1, 30, 31, vocabulary.mark("<motion>")]
    wanted = np.arange(vocabulary.codes("motion").start, vocabulary.codes("motion").stop)
    engine = engines.create(bundle, "torch", "cpu", 1, base)
    with torch.no_grad():
        truth = network.model(input_ids=torch.tensor([prompt])).logits[0, -1].numpy()
    assert np.abs(engine.start([prompt], wanted, 1)[0][0] - truth[wanted]).max() < 1e-4


def test_a_run_without_the_files_of_its_kind(adapter, tmp_path):
    run = shutil.copytree(adapter[1], tmp_path / "run")
    (run / "adapter_config.json").unlink()
    with pytest.raises(ValueError, match="has neither adapter_config.json nor config.json beside its weights"):
        exported(run, tmp_path / "bundle")
