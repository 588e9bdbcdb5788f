"""From items to a model that knows them by heart."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("peft")

from backend.models.config import LanguageModelConfig  # noqa: E402
from training import checkpoint  # noqa: E402
from training.language import log, stage, trainer  # noqa: E402
from training.language.alignment import Alignment  # noqa: E402
from training.language.examples import Mixture  # noqa: E402
from training.language.items import Item, Variant  # noqa: E402
from training.language.tasks import Drawing  # noqa: E402

TEXTS = [f"a person {verb} {way}" for verb in ("walks", "runs", "jumps") for way in ("left", "right", "back")]


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """The folder of a run that read nine pairs, in both directions, again and again."""
    rng, folder = np.random.default_rng(3), tmp_path_factory.mktemp("learnt")
    pairs = [Item([text], [Variant({"motion": rng.integers(0, 16, rng.integers(4, 8))})]) for text in TEXTS]
    sometimes = Drawing(without_length=0.0, without_text=0.05, silent=0.0)
    config = Alignment(
        model=LanguageModelConfig(300, layers=2, width=48, heads=4, positions=40, residual_dropout=0.0,
                                  embedding_dropout=0.0, attention_dropout=0.0),
        streams={"motion": 16}, tokens=400, steps=220, lr=4e-3, weight_decay=0.0, label_smoothing=0.0, average=0.9,
        threads=1, precision="fp32", evaluate_minutes=60.0, sample_minutes=60.0,
        mixture=Mixture({"text_to_motion": 0.6, "describe": 0.4}, sometimes, replaced=(0.0, 0.05)),
    )  # fmt: skip
    assert stage.train(config, pairs, folder, pairs)
    return folder


def test_what_was_learnt_is_measured_and_what_the_text_is_worth(learnt):
    _, meta = checkpoint.load_weights(learnt / trainer.BEST)
    measured = meta["validation"]
    assert measured["accuracy_text_to_motion"] > 0.95 and measured["accuracy_describe"] > 0.95
    assert measured["loss"] == pytest.approx(
        (measured["loss_text_to_motion"] + measured["loss_describe"]) / 2, abs=1e-3
    )
    assert measured["loss_no_text"] > measured["loss_text_to_motion"] + 0.3


def test_samples_show_what_is_asked_answered_and_right(learnt):
    lines = [json.loads(line) for line in (learnt / log.FILE).read_text().splitlines()]
    samples = next(line["samples"] for line in lines if "samples" in line)
    for task, opening in (("text_to_motion", "a person walks left <motion> => "), ("describe", " <describe> => ")):
        _, _, answers = samples[task].partition(opening)
        answer, right = answers.removesuffix(")").split(" (right: ")
        assert answer == right, samples[task]
    assert samples["describe"].endswith("(right: a person walks left)")
