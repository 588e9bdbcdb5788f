"""The systems on bases of others: they see an engine, words and prompts, and nothing of what stands behind them."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from backend import engines, systems  # noqa: E402
from backend.motion.motion import JointKey, KeyPose  # noqa: E402
from backend.protocol import Context, DescribeRequest, GenerateRequest, Segment  # noqa: E402
from tests import tiny_base, tiny_based  # noqa: E402


def system(folder, kind, wording):
    base = tiny_base.write(folder / "base", kind)
    bundle = tiny_based.build(folder / "bundle", base, wording)
    # a model of one stream has no hands
    tasks = tuple(task for task in bundle.tasks if task != "holistic")
    name = "motiongpt" if wording == "alpaca_digits" else "motiongpt2"
    bundle = replace(bundle, tasks=tasks, system=name)
    return systems.create(bundle, engines.create(bundle, "torch", "cpu", base=base))


def generate(system, **options):
    request = GenerateRequest((Segment("a person walks"),), takes=2, seed=1, **options)
    return system.generate(request, lambda stage, fraction: None, lambda: False)


@pytest.mark.parametrize(
    "kind, wording", [("llama", "compact"), ("qwen2", "compact"), ("t5", "compact"), ("t5", "mgt5"), ("t5", "alpaca")]
)
def test_every_task_of_motiongpt2(kind, wording, tmp_path):
    made = system(tmp_path, kind, wording)
    (walk, other), report = generate(made, seconds=1)
    assert report.engine == "torch" and [len(walk), len(other)] == [30, 30]
    pose = {name: JointKey(rotation=walk.rotations[9, j]) for j, name in enumerate(walk.skeleton.names)}
    key = KeyPose(4, pose, height=0.9)
    tasks = [
        ("fill", {"keys": (key, replace(key, frame=20)), "seconds": 1}, 30),
        ("last_pose", {"keys": (replace(key, frame=29),), "seconds": 1, "task": "last_pose"}, 30),
        ("predict", {"context": Context(before=walk), "seconds": 1}, 60),
        ("fill", {"context": Context(walk, other), "seconds": 0.5}, 75),
    ]
    for task, options, frames in tasks:
        if task in made.model.bundle.tasks:
            motions, report = generate(made, **options)
            assert (report.task, [len(m) for m in motions]) == (task, [frames] * 2)
    texts, _ = made.describe(DescribeRequest(walk, 2, seed=1), lambda stage, fraction: None, lambda: False)
    assert all(text.isprintable() for text in texts)


def test_motiongpt_on_a_base(tmp_path):
    made = system(tmp_path, "t5", "alpaca_digits")
    motions, report = generate(made, seconds=1)
    assert (report.system, report.task, [len(m) for m in motions]) == ("motiongpt", "text_to_motion", [30, 30])


def test_control_tokens_and_spare_rows_are_no_words(tmp_path):
    model = system(tmp_path, "qwen2", "compact").model
    text = model.speech.vocabulary.text_size
    assert set(model.words).isdisjoint({model.speech.text.eos, model.speech.text.pad})
    assert max(model.words) < text - tiny_base.SPARE_ROWS["qwen2"] and len(model.words) > text - 20
