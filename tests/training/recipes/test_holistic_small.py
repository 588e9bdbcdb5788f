"""Body and hands, from clips to a bundle whose motions have fingers that move."""

import pytest

torch = pytest.importorskip("torch")

from backend import bundles  # noqa: E402
from backend.models.config import LanguageModelConfig, PartVQVAEConfig  # noqa: E402
from training.data.language_set import Mixture  # noqa: E402
from training.language import items  # noqa: E402
from training.recipes import holistic_small  # noqa: E402

from .hand_clips import HandClips  # noqa: E402

SECONDS = ["--tokenizer-minutes", "0.02", "--language-minutes", "0.02", "--threads", "1"]


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """Clips and networks that take no time."""
    monkeypatch.setattr(holistic_small, "set_of", lambda args: HandClips())
    monkeypatch.setattr(holistic_small.hands_set, "FEW", Mixture(joins=2, overlays=1))
    motion, language = {"width": 16, "code_width": 8, "codes": 16, "dilations": (1,)}, {"layers": 1, "width": 16}
    monkeypatch.setattr(holistic_small, "PartVQVAEConfig", lambda **given: PartVQVAEConfig(**given | motion))
    monkeypatch.setattr(holistic_small, "LanguageModelConfig", lambda **given: LanguageModelConfig(**given | language))
    monkeypatch.setattr(holistic_small, "SEEDS", 1)


def test_from_clips_to_a_bundle_of_body_and_hands(tmp_path, capsys):
    assert holistic_small.main(["--runs", str(tmp_path), *SECONDS]) == 0
    bundle = bundles.load(tmp_path / "holistic-small")
    assert bundle.tasks == ("holistic",) and bundle.features["codec"] == "motionx623"
    (whole, moving), fingers = bundle.metrics["minutes"]["train"], bundle.metrics["fingers"]
    assert 0 < moving <= whole == pytest.approx(3 * 46 / 30 / 60)
    assert fingers["test_trials"]["keep still"]["recorded"] < 5 < fingers["test_trials"]["move"]["recorded"]
    assert fingers["test_trials"]["move"]["clips"] == 1
    losses = bundle.metrics["language_model"]
    assert losses["lowest"]["loss"] <= losses["end"]["loss"]
    card = (tmp_path / "holistic-small" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "| test_trials | move | 1 |" in card and "{" not in card and card.strip() in capsys.readouterr().out
    for split in ("train", "val"):
        for item in items.read(tmp_path / "holistic_small" / f"items_{split}.jsonl"):
            assert all(set(variant.codes) == {"body", "hands"} for variant in item.variants)

    kept = [tmp_path / "holistic_small" / part / "trainer.pt" for part in ("tokenizer", "language")]
    before = [path.stat().st_mtime_ns for path in kept]
    assert holistic_small.main(["--runs", str(tmp_path), *SECONDS]) == 0
    assert [path.stat().st_mtime_ns for path in kept] == before


def test_without_the_set_it_says_what_to_give(tmp_path, capsys, monkeypatch):
    monkeypatch.undo()
    assert holistic_small.main(["--set", str(tmp_path / "none"), "--runs", str(tmp_path)]) == 2
    assert "--cc0" in capsys.readouterr().err
