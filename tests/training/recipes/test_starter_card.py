"""The starter's model card says what was measured."""

from training.recipes import starter_card

METRICS = {
    "tokenizer": {"val": {"mpjpe_mm": 64.1, "drift_cm": 11.3, "yaw_deg": 9.9, "codes_used": 391, "frames": 3600}},
    "language_model": {"loss": 3.1, "accuracy": 0.4, "loss_fill": 2.9, "accuracy_fill": 0.41},
}
PROBES = {
    "seeds": 5, "takes": 4, "little_data": [],
    "public": {"rate": 0.84, "nearest_caption_rate": 0.9, "failing": ["sit_down"]},
    "heldout": {"rate": 0.68, "nearest_caption_rate": 0.68, "failing": []},
}  # fmt: skip


def test_what_was_measured_stands_in_the_card():
    card = starter_card.text(METRICS)
    assert "{metrics}" not in card
    assert "| val | 64.1 | 11.3 | 9.9 | 391 | 2.0 |" in card and "| fill | 2.9 | 0.41 |" in card
    assert "Probes (" not in card


def test_what_other_commands_measured_follows():
    table = {"title": "Captions", "head": "caption", "rows": {"model": {"BLEU-4": 12.5}}, "note": "Drawn once."}
    tasks = {"tables": [table], "split": "test_trials", "clips": 45, "samples": 2}
    card = starter_card.text(METRICS | {"probe": PROBES, "tasks": [tasks]})
    assert "- public: 84 % pass (90 %); under half: sit_down" in card
    assert "45 clips of test_trials" in card and "| model | 12.5 |" in card
