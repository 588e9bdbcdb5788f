"""MotionGPT on a base of our own, from captioned codes to a bundle that answers."""

import json
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from backend import bundles, engines, systems  # noqa: E402
from backend.engines.hugging_face.text import BaseText  # noqa: E402
from backend.protocol import GenerateRequest, Segment  # noqa: E402
from backend.systems import prompts  # noqa: E402
from backend.systems.vocabulary import OURS, Vocabulary  # noqa: E402
from training import checkpoint  # noqa: E402
from training.language import items, validation  # noqa: E402
from training.language.examples import IGNORED, Example, Mixture  # noqa: E402
from training.recipes import motiongpt_small, plain_text, right_codes, small_base  # noqa: E402

SECONDS = ["--base-minutes", "0.02", "--lora-minutes", "0.02", "--threads", "1"]


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """A base that is trained in no time."""
    shape = {"layers": 1, "width": 32, "heads": 2, "feed_forward": 48, "text_tokens": 300}
    monkeypatch.setattr(motiongpt_small, "Pretraining", partial(small_base.Pretraining, **shape))


def test_from_captioned_codes_to_a_bundle_that_answers(runs, capsys):
    assert motiongpt_small.main(["--runs", str(runs), *SECONDS]) == 0
    bundle = bundles.load(runs / "motiongpt-small")
    assert bundle.system == "motiongpt" and set(bundle.tasks) == set(prompts.load("alpaca_digits").tasks)
    answers = bundle.metrics["answers"]
    for network in (motiongpt_small.ALONE, motiongpt_small.ADAPTED):
        assert set(answers[network]) == {*bundle.tasks, validation.NO_TEXT}
        assert all(0 <= found[name] <= 1 for found in answers[network].values() for name in ("accuracy", "right_codes"))
    assert "| text_to_motion |" in (runs / "motiongpt-small" / "MODEL_CARD.md").read_text(encoding="utf-8")
    base = runs / "motiongpt_small" / motiongpt_small.BASE
    assert str(base) in capsys.readouterr().out
    system = systems.create(bundle, engines.create(bundle, base=base))
    request = GenerateRequest(segments=(Segment("a person does move a"),), seconds=1.0)
    (motion,), report = system.generate(request, lambda *_: None, lambda: False)
    assert len(motion) == 30 and report.system == "motiongpt"

    kept = [runs / "motiongpt_small" / run / "trainer.pt" for run in ("pretraining", "lora")]
    before = [path.stat().st_mtime_ns for path in kept]
    (runs / "motiongpt_small" / "evaluation.json").write_text(json.dumps({"markdown": "### Key poses"}))
    assert motiongpt_small.main(["--runs", str(runs), *SECONDS]) == 0
    assert [path.stat().st_mtime_ns for path in kept] == before
    assert "### Key poses" in (runs / "motiongpt-small" / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_without_the_starters_runs_it_says_how_to_get_them(tmp_path, capsys):
    assert motiongpt_small.main(["--runs", str(tmp_path)]) == 2
    assert "training.recipes.starter" in capsys.readouterr().err


def test_the_base_never_reads_a_caption_beside_its_codes(runs):
    asked, some = prompts.load("alpaca_digits"), items.read(runs / "items_train.jsonl")
    for item in some:
        item.captions[0] += " and turns 90 degrees"  # numbers are no words: a code of 90 has two tokens all the same
    small_base.new(motiongpt_small.Pretraining(), asked, some, runs / "start")
    text = BaseText(runs / "start")
    speech = prompts.Speech(Vocabulary(text.size), OURS, text.encode, text.spelled)
    examples = plain_text.PlainText(asked, speech, Mixture(plain_text.SHARES), 640)
    rng = np.random.default_rng(0)
    for item in some:
        caption, codes = item.captions[0], ",".join(map(str, item.variants[0].codes["motion"]))
        for kind in plain_text.SHARES:
            row = examples.draw(kind, item, rng)
            assert (row.ids[1:] == row.targets[:-1]).all() and row.ids[0] == OURS.bos
            read = text.decode([*row.ids.tolist(), int(row.targets[-1])]).strip()
            assert (caption in read) == (kind != "codes") and (codes == read) == (kind == "codes")
    assert text.encode("406,90")[-6:] == text.spelled("406,90")


class Mistaken(torch.nn.Module):
    """Knows every token of a batch but those at some places."""

    def __init__(self, places):
        super().__init__()
        self.places, self.weight = places, torch.nn.Parameter(torch.zeros(1))

    def forward(self, some):
        wanted = some.targets[some.targets != IGNORED].clone()
        wanted[self.places] = (wanted[self.places] + 1) % 16
        return 9.0 * torch.nn.functional.one_hot(wanted, 16)


def test_a_code_is_right_when_all_of_it_is():
    """12,7 and 345: what follows a wrong token counts again, and codes of two answers stay apart."""
    speech = prompts.Speech(
        Vocabulary(16), OURS, lambda text: [], lambda text: ["0123456789,".index(c) + 3 for c in text]
    )
    rows = []
    for answer in ("12,7", "345"):
        targets = np.array([IGNORED, *speech.spelled(answer), OURS.eos])
        rows.append(Example(np.zeros(len(targets), np.int64), targets, 1))
    # the shorter answer is measured first: the end of 345, then the comma of 12,7
    for places, share in (([], 1.0), ([3], 2 / 3), ([6], 2 / 3), ([3, 6], 1 / 3)):
        found = right_codes.measure(Mistaken(places), {"some": rows}, speech)["some"]
        assert found["right_codes"] == pytest.approx(share, abs=1e-4)
        assert found["accuracy"] == pytest.approx(1 - len(places) / 9, abs=1e-4)
        assert (found["loss"] > 0.1) == bool(places)


def test_the_base_is_written_as_it_was_best(runs):
    asked, (train, val) = (
        prompts.load("alpaca_digits"),
        (items.read(runs / f"items_{s}.jsonl") for s in ("train", "val")),
    )
    config = motiongpt_small.Pretraining(steps=2, threads=1, evaluate_minutes=0.0)
    assert small_base.train(config, asked, train, val, runs / "work", runs / "base")
    best, _ = checkpoint.load_weights(runs / "work" / "best")
    written = load_file(runs / "base" / "model.safetensors")
    assert written.keys() == best.keys() and all(torch.equal(best[n].half(), written[n]) for n in best)
