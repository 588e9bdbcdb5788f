"""The starter's recipe: what is stopped is not taken for finished, and the card tells of the shipped weights."""

import json

import pytest

pytest.importorskip("torch")

from training.recipes import starter  # noqa: E402


@pytest.mark.parametrize("stopped", ["alignment", "instruction"])
def test_a_stopped_stage_ends_the_recipe(monkeypatch, tmp_path, capsys, stopped):
    ran = []

    def stage(name):
        return lambda *args, **more: ran.append(name) or name != stopped

    for name in ("train_codes", "train_decoder"):
        monkeypatch.setattr(starter.recordings, name, lambda *args: tmp_path)
    monkeypatch.setattr(starter.recordings, "captioned_codes", lambda *args: [])
    monkeypatch.setattr(starter.alignment, "train", stage("alignment"))
    monkeypatch.setattr(starter.instruction, "train", stage("instruction"))
    code = starter.main(["--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "bundle")])
    assert code == 130 and ran[-1] == stopped and not (tmp_path / "bundle").exists()
    assert "goes on where it was" in capsys.readouterr().err


def test_the_card_has_the_losses_of_the_end(tmp_path):
    lines = [{"validation": {"loss": 2.0}}, {"loss": 1.0}, {"validation": {"loss": 2.5}}, {"samples": {}}]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    assert starter.last_validation(tmp_path) == {"loss": 2.5}
