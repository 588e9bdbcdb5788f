"""`python -m training evaluate` on a small data set, with a bundle of random weights and with known answers."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.motion.features.codec import codec
from tests.training.evaluation.conftest import CAPTIONS, moving
from tests.training.evaluation.knowing import Knowing
from training.__main__ import main
from training.data import build
from training.data.caption_lines import CaptionLine
from training.data.sources.take import Item, Take, Terms
from training.data.store import open_set
from training.evaluation import bundled, cases


@dataclass(frozen=True)
class Moving:
    """Three captioned motions to learn from and three to be asked about."""

    folder: Path
    name: str = "moving"
    together: int = 64
    terms = Terms("Made motions", "nowhere", "CC0")

    def items(self):
        for split in ("train", "test"):
            for i in range(3):
                path = self.folder / f"{split}_{i}"
                path.touch()
                yield Item(path.name, (path,))

    def beside(self):
        return []

    def read(self, item):
        split, i = item.id.split("_")
        captions = tuple(CaptionLine(text) for text in CAPTIONS[int(i)])
        yield Take(item.id, self.name, "s1", item.id, moving(48 + 16 * int(i), int(i)), captions=captions, split=split)


@pytest.fixture(scope="module")
def moving_set(tmp_path_factory):
    folder = tmp_path_factory.mktemp("moving")
    (folder / "source").mkdir()
    return build.build(folder / "set", [Moving(folder / "source")]).folder


def run(moving_set, *more):
    return main(["evaluate", "--set", str(moving_set), "--split", "test", *map(str, more)])


def test_a_bundle_of_random_weights(tiny_bundle, moving_set, tmp_path, capsys):
    out = tmp_path / "report.json"
    assert run(moving_set, "--bundle", tiny_bundle, "--samples", 1, "--out", out) == 0
    shown, report = capsys.readouterr().out, json.loads(out.read_text())
    assert shown.startswith("tiny 0 on 3 clips of test")
    titles = ["Key poses", "Captions", "Prediction from the first 20 %", "In-betweening"]
    assert [table["title"] for table in report["tables"]] == titles
    assert [line[4:] for line in shown.splitlines() if line.startswith("### ")] == titles
    assert (report["clips"], report["samples"], report["seed"], report["split"]) == (3, 1, 0, "test")
    rows = {name: row for table in report["tables"] for name, row in table["rows"].items()}
    assert rows["initial pose, Recon"]["with the pose"] > 0 and rows["slerp"]["random spans, ADE m"] < 0.2
    # the nearest training clip is the same motion: its first caption is one of the references
    assert rows["caption of the nearest training clip"]["ROUGE-L"] == 100.0
    again = tmp_path / "again.json"
    assert run(moving_set, "--bundle", tiny_bundle, "--samples", 1, "--out", again) == 0
    assert json.loads(again.read_text())["tables"] == report["tables"]


def test_few_clips_and_known_answers(tiny_bundle, moving_set, monkeypatch, capsys):
    knowing = Knowing(cases.cases(open_set(moving_set).clips("test"), {}, codec("ms272")))
    monkeypatch.setattr(bundled, "answers", lambda bundle, base: knowing)
    assert run(moving_set, "--bundle", tiny_bundle, "--clips", 2, "--samples", 2, "--seed", 7) == 0
    shown = capsys.readouterr().out
    assert "on 2 clips of test" in shown and "2 answers each, seed 7; knowing engine" in shown


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--split", "val"), "has no split 'val'; it has test, train"),
        (("--set", "nowhere"), "nowhere"),
        (("--bundle", "nowhere"), "nowhere"),
    ],
)
def test_what_is_wrong_is_one_line(tiny_bundle, moving_set, capsys, more, message):
    assert run(moving_set, "--bundle", tiny_bundle, *more) == 2
    found = capsys.readouterr()
    assert message in found.err and found.err.count("\n") == 1 and not found.out


@pytest.mark.parametrize("more", [("--clips", "1"), ("--samples", "0"), ("--clips", "few")])
def test_numbers_that_say_nothing(moving_set, capsys, more):
    with pytest.raises(SystemExit):
        run(moving_set, *more)
    assert "must be a whole number of" in capsys.readouterr().err
