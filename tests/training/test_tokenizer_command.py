"""`python -m training tokenizer`: any data set's rows are trained on and measured, and what is wrong is one line."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from backend.models.part_vqvae import PartVQVAE  # noqa: E402
from backend.models.vqvae import VQVAE  # noqa: E402
from backend.motion import rotations as rot  # noqa: E402
from backend.motion.features.codec import CODECS, codec  # noqa: E402
from backend.motion.mirror import mirror  # noqa: E402
from tests.training.hands_source import Hands  # noqa: E402
from training import tokenizer, tokenizer_eval  # noqa: E402
from training.__main__ import main  # noqa: E402
from training.data import build, feature_set, made_hands  # noqa: E402
from training.data.store import DataSet, open_set  # noqa: E402

SMALL = {"model": {"width": 8, "code_width": 8, "codes": 16, "dilations": [1]}, "threads": 1, "batch": 4, "window": 16}


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> dict[str, Path]:
    """The same motions kept as Motions of the body, of body and hands, and as rows."""
    folder = tmp_path_factory.mktemp("sets")
    forms = ("motion", "motion_hands", "motionx623")
    return {form: build.build(folder / form, [Hands(folder)], form).folder for form in forms}


def run(capsys, *arguments) -> tuple[int, str, str]:
    code = main(["tokenizer", *map(str, arguments)])
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.mark.parametrize(
    ("form", "name", "kind", "streams"),
    [
        ("motion", None, VQVAE, ["motion"]), ("motion", "kit251", VQVAE, ["motion"]),
        ("motion_hands", "motionx623", PartVQVAE, ["body", "hands"]),
        ("motionx623", None, PartVQVAE, ["body", "hands"]), ("motion", "humanml263", VQVAE, ["motion"]),
    ],
)  # fmt: skip
def test_any_representation_is_trained_and_measured(sets, tmp_path, capsys, form, name, kind, streams):
    (tmp_path / "small.json").write_text(json.dumps(SMALL))
    chosen = ["--codec", name] if name else []
    code, out, err = run(
        capsys, "train", "--set", sets[form], "--out", tmp_path / "run", "--steps", 3, *chosen,
        "--config", tmp_path / "small.json",
    )  # fmt: skip
    assert (code, err) == (0, "") and "training tokenizer eval" in out
    found = tokenizer.load_tokenizer(tmp_path / "run")
    assert type(found.model) is kind
    assert found.codec.name == (name or {"motion": "ms272"}.get(form, form))
    code, out, err = run(
        capsys, "eval", tmp_path / "run", "--set", sets[form], "--splits", "val", "train", "--json", tmp_path / "e.json"
    )
    assert (code, err) == (0, "") and out.startswith("| | val | train |") and "| mpjpe_mm |" in out
    reports = json.loads((tmp_path / "e.json").read_text())
    assert list(reports) == ["val", "train"] and list(reports["val"]["codes"]) == streams
    assert reports["train"]["clips"] == 3
    wanted = {"mpjpe_mm", "mpjpe_global_mm", "pa_mpjpe_mm", "accl_mm", "foot_slide_mm", "foot_slide_original_mm"}
    extra = {"body_mpjpe_mm", "hands_mpjpe_mm", "hands_pa_mpjpe_mm"} if kind is PartVQVAE else set()
    extra |= {"drift_cm", "yaw_deg"} if found.codec.name == "ms272" else set()
    assert set(reports["val"]) == wanted | extra | {"codes", "clips", "frames"}


def test_bad_input_is_one_line(sets, tmp_path, capsys):
    (tmp_path / "bad.json").write_text('{"lr": "fast"}')
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "small.json").write_text(json.dumps(SMALL))
    train = ["train", "--out", tmp_path / "run", "--steps", 1, "--set"]
    for arguments, says in (
        ([*train, tmp_path / "none"], "python -m training data build"),
        ([*train, sets["motion"], "--codec", "motionx623"], "motionx623 needs motions of smplx52"),
        ([*train, sets["motion"], "--config", tmp_path / "bad.json"], "'lr' must be float"),
        ([*train, sets["motion"], "--config", tmp_path / "list.json"], "one JSON object"),
        ([*train, sets["motionx623"], "--preset", "starter"], "'kinematics' needs ms272"),
        ([*train, sets["motion"], "--codec", "kit251", "--preset", "part_aware"], "Motion-X-623 needs rows"),
        (["eval", tmp_path / "no_run", "--set", sets["motion"]], "no_run"),
    ):
        code, _, err = run(capsys, *arguments)
        assert code == 2 and says in err and err.count("\n") == 1, arguments
    assert not (tmp_path / "run").exists()
    config = ["--config", tmp_path / "small.json"]
    assert run(capsys, *train, sets["motion"], "--codec", "humanml263", *config)[0] == 0
    code, _, err = run(capsys, *train, sets["motionx623"], *config)
    assert code == 2 and "is a run with another codec or model" in err
    code, _, err = run(capsys, "eval", tmp_path / "run", "--set", sets["motion"], "--splits", "test")
    assert code == 2 and "no clip in split 'test'" in err


def test_rows_are_taken_as_they_are_and_motions_are_encoded_with_their_mirrors(sets):
    kept, motions = open_set(sets["motionx623"]), open_set(sets["motion_hands"])
    x623 = codec("motionx623")
    rows = feature_set.load_rows(kept, "train", x623)
    assert rows.ids == ["clip_0", "clip_1", "clip_2"]  # kept rows have no mirrors but their own
    for record, found in zip(kept.of("train"), rows.features, strict=True):
        assert np.array_equal(found, kept.arrays(record)["rows"])
    encoded = feature_set.load_rows(motions, "train", x623)
    assert encoded.ids == ["clip_0", "clip_0~", "clip_1", "clip_1~", "clip_2", "clip_2~"]
    assert np.array_equal(encoded.features[1], x623.encode(mirror(motions.motion(motions.of("train")[0]))))
    assert encoded.weights.tolist() == [pytest.approx(1 / 6)] * 6 and all(m.all() for m in encoded.mask)
    kit = feature_set.load_rows(open_set(sets["motion"]), "val", codec("kit251"), mirrored=False)
    assert len(kit.ids) == 1 and kit.features[0].shape[1] == 251


class Perfect:
    """Stands for a network: gives back what it was shown, with codes that count up."""

    def __init__(self, streams, moved):
        self.config = type("C", (), {"frames_per_code": 4, "codes": 4, "streams": streams})
        self.moved = moved

    def parameters(self):
        yield torch.zeros(1)

    def encode(self, rows):
        self.rows = rows
        codes = torch.arange(rows.shape[1] // 4)[None] % 4
        return codes if len(self.config.streams) == 1 else (codes,) * 2

    def decode(self, *codes):
        return self.rows + self.moved


@pytest.mark.parametrize("name", list(CODECS))
def test_what_comes_back_unchanged_has_no_error_in_any_codec(sets, name):
    form = "motion_hands" if codec(name).kind == "smplx52" else "motion"
    dataset: DataSet = open_set(sets[form])
    clips = feature_set.load_rows(dataset, "train", codec(name), mirrored=False).features
    width = codec(name).width
    same = tokenizer_eval.Tokenizer(Perfect(("motion",), 0.0), np.zeros(width), np.ones(width), codec(name))
    report = tokenizer_eval.evaluate(same, clips)
    for error in ("mpjpe_mm", "mpjpe_global_mm", "pa_mpjpe_mm", "accl_mm"):
        assert report[error] == pytest.approx(0.0, abs=1e-2)
    assert report["foot_slide_mm"] == pytest.approx(report["foot_slide_original_mm"], abs=1e-2)
    assert report["frames"] == sum(len(c) // 4 * 4 for c in clips) and report["clips"] == 3
    usage = report["codes"]["motion"]
    assert usage["used"] == 4 and 3.5 < usage["perplexity"] <= 4.0


def test_a_root_that_is_lifted_is_a_global_error_alone():
    x623 = codec("motionx623")
    rows = x623.encode(made_hands.motion(0, frames=41))
    lift = np.zeros(623, np.float32)
    lift[x623.layout["height"]] = 0.05
    lift[x623.layout["positions"]][1::3] = 0.05  # heights are absolute
    tokens = tokenizer_eval.Tokenizer(
        Perfect(("body", "hands"), torch.from_numpy(lift)), np.zeros(623), np.ones(623), x623
    )
    report = tokenizer_eval.evaluate(tokens, [rows])
    assert report["mpjpe_global_mm"] == pytest.approx(50.0, abs=1e-2)
    others = ("mpjpe_mm", "pa_mpjpe_mm", "accl_mm", "body_mpjpe_mm", "hands_mpjpe_mm", "hands_pa_mpjpe_mm")
    assert all(report[name] == pytest.approx(0.0, abs=1e-2) for name in others)


def test_fingers_are_seen_from_their_own_wrist():
    truth = np.random.default_rng(0).normal(size=(5, 52, 3))
    found = truth.copy()
    found[:, 20:22] += [[0.1, 0.0, 0.0], [0.0, 0.2, 0.0]]  # the wrists
    found[:, 22:37] += [0.1, 0.0, 0.0]  # the left hand goes with its own
    errors = tokenizer_eval.errors(found, truth)
    assert errors["hands_mpjpe_mm"].tolist() == [pytest.approx(100.0)] * 5  # right: 200 mm of half the joints
    found[:, 37:] += [0.0, 0.2, 0.0]
    assert tokenizer_eval.errors(found, truth)["hands_mpjpe_mm"].max() < 1e-9


def test_the_shape_of_a_hand_does_not_hang_on_how_it_is_held():
    truth = np.random.default_rng(0).normal(size=(5, 52, 3))
    found = truth.copy()
    right = [21, *range(37, 52)]
    found[:, right] = rot.rotate(rot.about_y(1.0), truth[:, right]) + [0.3, 0.0, 0.0]
    errors = tokenizer_eval.errors(found, truth)
    assert errors["hands_pa_mpjpe_mm"].max() < 1e-9 and errors["hands_mpjpe_mm"].min() > 1.0
    found[:, 40] += 0.1
    assert tokenizer_eval.errors(found, truth)["hands_pa_mpjpe_mm"].min() > 1.0


def test_clips_without_a_code_are_an_error():
    tokens = tokenizer_eval.Tokenizer(Perfect(("motion",), 0.0), np.zeros(263), np.ones(263), codec("humanml263"))
    with pytest.raises(ValueError, match="no clip has the 4 frames of one code"):
        tokenizer_eval.evaluate(tokens, [np.zeros((3, 263), np.float32)])
