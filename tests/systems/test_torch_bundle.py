"""The system on the torch engine, with a bundle of random weights: the same promises as on the fake engine."""

import json
import shutil
import sys
import threading

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from backend import bundles, cli, engines, systems  # noqa: E402
from backend.bundles import BundleError  # noqa: E402
from backend.engines import EngineError  # noqa: E402
from backend.protocol import GenerateRequest, Segment  # noqa: E402
from backend.service import loading  # noqa: E402
from backend.service.server import as_request_error  # noqa: E402
from backend.systems.sampling import SamplingConfig, sample  # noqa: E402


@pytest.fixture(scope="module")
def system(tiny_bundle):
    bundle = bundles.load(tiny_bundle)
    return systems.create(bundle, engines.create(bundle, "torch", "cpu"))


def generate(system, text="a person walks", progress=lambda stage, fraction: None, **options):
    return system.generate(GenerateRequest((Segment(text),), **options), progress, lambda: False)


def same(a, b):
    return np.array_equal(a.root, b.root) and np.array_equal(a.rotations, b.rotations)


def close(a, b):
    """Takes are decoded together: how many there are moves the last digits."""
    return np.allclose(a.root, b.root, atol=1e-6) and np.allclose(a.rotations, b.rotations, atol=1e-6)


def test_same_seed_same_motion_and_take_i_whatever_the_number_of_takes(system):
    three, report = generate(system, seconds=2, takes=3, seed=5, fps=24)
    again, _ = generate(system, seconds=2, takes=3, seed=5, fps=24)
    one, _ = generate(system, seconds=2, takes=1, seed=5, fps=24)
    assert all(same(a, b) for a, b in zip(three, again, strict=True)) and close(one[0], three[0])
    assert not same(three[0], three[1])
    assert [len(m) for m in three] == [48] * 3 and report.frames == 48
    assert (report.engine, report.bundle) == ("torch", "tiny 0") and len(report.scores) == 3


def test_the_model_chooses_the_length(system):
    motions, _ = generate(system, takes=4, seed=1)
    assert len({len(m) for m in motions}) > 1 and all(len(m) % 4 == 0 and 4 <= len(m) <= 300 for m in motions)
    again, _ = generate(system, takes=2, seed=1)
    assert same(again[1], motions[1])


def test_temperature_0_knows_no_seed(system):
    a, _ = generate(system, seconds=1, temperature=0.0, seed=1)
    b, _ = generate(system, seconds=1, temperature=0.0, seed=2)
    assert same(a[0], b[0])


def test_guidance_1_is_unguided(system):
    text = system.engine.encode_text("a person walks")

    def codes(guidance):
        rngs = [np.random.default_rng(i) for i in range(3)]
        config = SamplingConfig(guidance=guidance)
        return sample(system.engine, system.vocabulary, text, 20, rngs, config, lambda fraction: None)

    assert np.array_equal(codes(1.0), codes(1.0 + 1e-9)) and not np.array_equal(codes(1.0), codes(9.0))


def test_cancelling_through_progress_stops_within_one_token(system, monkeypatch):
    class Cancelled(Exception):
        pass

    steps = []
    step = system.engine.step
    monkeypatch.setattr(system.engine, "step", lambda *a: steps.append(1) or step(*a))

    def progress(stage, fraction):
        if stage == "Generating" and len(steps) == 6:
            raise Cancelled

    with pytest.raises(Cancelled):
        generate(system, seconds=10, takes=2, progress=progress)
    assert len(steps) == 6
    motions, _ = generate(system, seconds=1)  # and it generates again
    assert len(motions[0]) == 30


def test_the_longest_motion_fits_behind_the_longest_text(system):
    motions, report = generate(system, "zyx " * 100, seconds=10, takes=2)
    assert "word pieces were cut" in report.warnings[0] and [len(m) for m in motions] == [300, 300]


def test_a_bundle_of_another_prompt_version_is_refused_by_the_loader(tiny_bundle, tmp_path):
    folder = tmp_path / "newer"
    shutil.copytree(tiny_bundle, folder)
    manifest = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    (folder / "bundle.json").write_text(json.dumps(manifest | {"prompt_version": 2}), encoding="utf-8")
    with pytest.raises(BundleError, match="prompt version 2"):
        loading.system_loader("torch", "cpu")(folder, lambda stage, fraction: None)


@pytest.mark.parametrize("command", ["serve", "generate"])
def test_the_thread_limit_of_the_command_line_reaches_torch(command, tiny_bundle, tmp_path, monkeypatch):
    """In the thread that generates, as in the service: torch keeps the limit per thread."""
    loaders = []
    monkeypatch.setattr(cli, "serve", lambda owned, loader, *rest: loaders.append(loader))
    monkeypatch.setattr(cli, "_generate", lambda options, loader, owned: loaders.append(loader) or 0)
    text = ["walk", "--out", str(tmp_path / "x.npz")] if command == "generate" else []
    cli.main([command, *text, "--engine", "torch", "--device", "cpu", "--threads", "3"], (0, 1))
    found = []

    def work():
        loaders[0](tiny_bundle, lambda stage, fraction: None)
        found.append(torch.get_num_threads())

    before = torch.get_num_threads()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    torch.set_num_threads(before)
    assert found == [3]


def test_what_no_engine_can_do_is_said_in_words(tiny_bundle, monkeypatch):
    def load(device):
        return loading.system_loader("torch", device)(tiny_bundle, lambda stage, fraction: None)

    with pytest.raises(EngineError, match="device 'tpu' is not there.*auto, cpu") as error:
        load("tpu")
    told = as_request_error(error.value)
    assert told.kind == "engine" and "Preferences > Add-ons > Posewright: choose a Python with torch" in told.action
    monkeypatch.delitem(sys.modules, "backend.engines.torch_engine")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(EngineError, match="lacks tokenizers"):
        load("cpu")


def test_control_tokens_cannot_be_typed(system):
    assert min(system.engine.encode_text("a <motion> person </motion> <pad> walks")) > 4
