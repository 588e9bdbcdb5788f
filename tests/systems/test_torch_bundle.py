"""The system on the torch engine, with a bundle of random weights: the same promises as on the fake engine."""

import json
import shutil
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from backend import bundles, cli, engines, systems  # noqa: E402
from backend.bundles import BundleError  # noqa: E402
from backend.engines import EngineError  # noqa: E402
from backend.motion.motion import JointKey, KeyPose  # noqa: E402
from backend.motion.skeleton import canonical  # noqa: E402
from backend.protocol import Context, DescribeRequest, GenerateRequest, Segment  # noqa: E402
from backend.service import loading  # noqa: E402
from backend.service.server import as_request_error  # noqa: E402


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
    trained = replace(system.model.bundle, config=system.model.bundle.config | {"sampling": {"guidance": 3.0}})
    guided = systems.create(trained, system.model.engine)

    def made(guidance):
        return generate(guided, seconds=2, seed=3, guidance=guidance)[0][0]

    assert same(made(1.0), made(1.0 + 1e-9)) and not same(made(1.0), made(9.0))


@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_all_tasks_of_a_small_bundle(tiny_bundle, engine):
    bundle = bundles.load(tiny_bundle)
    system = systems.create(bundle, engines.create(bundle, engine, "cpu"))
    (walk, other), _ = generate(system, seconds=1, takes=2)
    pose = {name: JointKey(rotation=walk.rotations[9, j]) for j, name in enumerate(walk.skeleton.names)}
    keys = (KeyPose(4, pose, height=0.9), KeyPose(20, pose, height=0.9))
    for options, task, frames in (
        ({"keys": keys, "seconds": 1}, "fill", 30),
        ({"keys": keys, "seconds": 1, "timed": False}, "key_poses", 30),
        ({"keys": keys[:1], "seconds": 1, "task": "initial_pose", "timed": False}, "initial_pose", 30),
        ({"keys": keys[:1], "seconds": 1, "task": "last_pose", "timed": False}, "last_pose", 30),
        ({"context": Context(before=walk), "seconds": 1}, "predict", 60),
        ({"context": Context(after=walk), "seconds": 1}, "fill", 60),
        ({"context": Context(walk, other), "seconds": 0.5}, "fill", 75),
    ):
        motions, report = generate(system, takes=2, **options)
        assert (report.task, [len(m) for m in motions]) == (task, [frames] * 2)
    texts, _ = system.describe(DescribeRequest(walk, 2), lambda stage, fraction: None, lambda: False)
    assert texts and all(isinstance(text, str) for text in texts)


@pytest.mark.parametrize("codec", ["humanml263", "kit251"])
def test_features_of_any_codec(codec, tmp_path):
    from tests.tiny_bundle import build

    bundle = bundles.load(build(tmp_path / "b", codec=codec).path)
    system = systems.create(bundle, engines.create(bundle, "numpy"))
    motions, _ = generate(system, seconds=2, takes=2, fps=24)
    assert [len(m) for m in motions] == [48, 48] and motions[0].skeleton.kind == "smpl22"
    whole, report = generate(system, seconds=1, fps=24, context=Context(before=motions[0], after=motions[1]))
    assert len(whole[0]) == 120 and report.made == (48, 72)
    assert close(whole[0][:48], motions[0]) and close(whole[0][72:], motions[1])


@pytest.mark.parametrize(
    "codec, streams, task",
    [("motionx623", ("body", "hands"), "holistic"), ("ms272_hands", ("motion",), "text_to_motion")],
)
def test_body_and_hands(codec, streams, task, tmp_path):
    from tests.tiny_bundle import build

    bundle = bundles.load(build(tmp_path / "b", streams=streams, codec=codec).path)
    system = systems.create(bundle, engines.create(bundle, "numpy"))
    motions, report = generate(system, seconds=1, takes=2)
    assert report.task == task and [len(m) for m in motions] == [30, 30]
    assert motions[0].skeleton.kind == "smplx52"
    body, _ = generate(system, seconds=1, skeleton=canonical())
    assert body[0].skeleton.kind == "smpl22"
    free, _ = generate(system, takes=3)
    assert all(len(m) % 4 == 0 for m in free)


def test_motiongpt_with_a_model_of_ours(tmp_path):
    from tests.tiny_bundle import build

    bundle = bundles.load(build(tmp_path / "b", wording="alpaca_digits").path)
    system = systems.create(bundle, engines.create(bundle, "numpy"))
    motions, report = generate(system, seconds=1, takes=2)
    assert (report.system, [len(m) for m in motions]) == ("motiongpt", [30, 30])
    pose = {name: JointKey(rotation=motions[0].rotations[9, j]) for j, name in enumerate(motions[0].skeleton.names)}
    _, report = generate(system, seconds=1, keys=(KeyPose(29, pose),))
    assert report.task == "last_pose"


def test_cancelling_through_progress_stops_within_one_token(system, monkeypatch):
    class Cancelled(Exception):
        pass

    steps = []
    step = system.model.engine.step
    monkeypatch.setattr(system.model.engine, "step", lambda *a: steps.append(1) or step(*a))

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
    assert "100 words were cut" in report.warnings[0] and [len(m) for m in motions] == [300, 300]


def test_a_bundle_of_another_wording_is_refused_by_the_loader(tiny_bundle, tmp_path):
    folder = tmp_path / "newer"
    shutil.copytree(tiny_bundle, folder)
    manifest = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    (folder / "bundle.json").write_text(json.dumps(manifest | {"prompt_version": 9}), encoding="utf-8")
    with pytest.raises(BundleError, match="trained with version 9 .*; the answers would be noise"):
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
    assert min(system.model.engine.encode_text("a <motion> person </motion> <pad> walks")) > 2
