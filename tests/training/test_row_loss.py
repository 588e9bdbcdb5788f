"""The published loss of the motion tokenizer and the learning rate that goes with it."""

import pytest

torch = pytest.importorskip("torch")

from backend.motion.features.codec import codec  # noqa: E402
from backend.motion.features.normalisation import published  # noqa: E402
from training.data.feature_set import FeatureSet  # noqa: E402
from training.row_loss import RowLoss, RowLossWeights  # noqa: E402
from training.tokenizer import TokenizerRun, loss_of, normalisation_of  # noqa: E402
from training.tokenizer_config import motiongpt2, part_aware, starter, t2mgpt  # noqa: E402


def smooth_l1(x: float) -> float:
    return 0.5 * x * x if abs(x) < 1 else abs(x) - 0.5


@pytest.mark.parametrize(
    ("name", "first", "stop"), [("humanml263", 4, 67), ("kit251", 4, 64), ("motionx623", 4, 157), ("ms272", 8, 74)]
)
def test_positions_count_once_more(name, first, stop):
    """papers.md 2.3: on dims 4 to 66 of HumanML3D's rows."""
    width = codec(name).width
    loss = loss_of(t2mgpt(name, 100), *([None] * 2))
    truth, mask = torch.zeros(2, 8, width), torch.ones(2, 8, dtype=torch.bool)
    for column in (0, first - 1, first, stop - 1, stop, width - 1):
        out = truth.clone()
        out[..., column] = 3.0
        total, parts = loss(out, truth, mask)
        inside = first <= column < stop
        assert parts["features"].item() == pytest.approx(smooth_l1(3.0) / width)
        assert parts["positions"].item() == pytest.approx(smooth_l1(3.0) / (stop - first) if inside else 0.0)
        assert total.item() == pytest.approx(parts["features"].item() + 0.5 * parts["positions"].item())


def test_frames_under_the_mask_do_not_count():
    loss, truth = RowLoss(RowLossWeights(), slice(1, 3)), torch.randn(2, 6, 5)
    out, mask = truth + 0.3, torch.ones(2, 6, dtype=torch.bool)
    mask[:, 4:] = False
    wrong = out.clone()
    wrong[:, 4:] += 100.0
    assert torch.equal(loss(out, truth, mask)[0], loss(wrong, truth, mask)[0])
    assert loss(out, truth, mask)[0].item() == pytest.approx(1.5 * smooth_l1(0.3))


def test_the_published_setup_is_that_of_the_paper():
    config = t2mgpt("humanml263", 23_384)
    assert (config.window, config.batch, config.steps, config.lr, config.weight_decay) == (64, 256, 300_000, 2e-4, 0.0)
    assert (config.loss.positions, config.loss.commitment, config.normalisation) == (0.5, 0.02, "humanml3d-b")
    model = config.model
    assert (model.codes, model.code_width, model.decay, model.reset_below) == (512, 512, 0.99, 1.0)
    assert (model.dilations, model.robust_commitment) == ((9, 3, 1), False)
    assert (config.plain, config.average, config.clip) == (0.0, 0.0, None)  # nothing of ours
    assert t2mgpt("kit251", 10).normalisation == "kit-b" and t2mgpt("motionx623", 10).normalisation is None
    second = motiongpt2("humanml263", 23_384)
    assert (second.steps, second.lr, second.weight_decay) == (1200 * 92, 1e-4, 1e-5)
    assert part_aware("motionx623", 600).model.order == "hand_first"


def run_of(config, folder, rows) -> TokenizerRun:
    config.threads, config.batch, config.window = 1, 4, 16
    config.model.width, config.model.code_width, config.model.codes, config.model.dilations = 8, 8, 8, (1,)
    mask = [torch.ones(len(r), dtype=torch.bool).numpy() for r in rows]
    return TokenizerRun(config, FeatureSet(rows, mask, torch.ones(len(rows)).numpy()), folder)


def some_rows(width: int, clips=3, frames=40):
    torch.manual_seed(0)
    return [torch.randn(frames, width).numpy() for _ in range(clips)]


def test_the_learning_rate_warms_up_stays_and_drops(tmp_path):
    run = run_of(t2mgpt("humanml263", 3), tmp_path, some_rows(263))
    found = []
    for step in (100, 500, 1000, 150_000, 199_999, 200_000, 299_999):
        run.step = step
        found.append(run.learning_rate())
    assert found == pytest.approx([2e-5, 1e-4, 2e-4, 2e-4, 2e-4, 1e-5, 1e-5])


def test_a_published_setup_keeps_no_average_and_scales_by_the_published_set(tmp_path):
    run = run_of(t2mgpt("humanml263", 3), tmp_path, some_rows(263))
    assert (run.mean == published("humanml3d-b").mean).all() and (run.std == published("humanml3d-b").std).all()
    run.model.train()
    losses = [run.train_step() for _ in range(3)]
    state = run.model.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in run.average.tensors.items())
    parts = losses[-1]
    told = parts["features"] + 0.5 * parts["positions"] + 0.02 * parts["commitment"]
    assert parts["loss"].item() == pytest.approx(told.item(), rel=1e-5)


def test_rows_without_a_published_set_are_scaled_by_their_own_blocks():
    rows = some_rows(623)
    config = part_aware("motionx623", 3)
    mean, std = normalisation_of(config, FeatureSet(rows))
    assert mean.shape == std.shape == (623,)
    assert all(len(set(std[block].tolist())) == 1 for block in codec("motionx623").layout.values())


def test_a_part_aware_run_goes_on_where_it_was(tmp_path):
    rows = some_rows(623)
    config = part_aware("motionx623", 3)
    config.steps = 8

    def run(name):
        return run_of(config, tmp_path / name, rows)

    whole = run("whole")
    whole.train()
    run("halves").train(stop_after=3)
    resumed = run("halves")
    assert resumed.step == 3
    resumed.train()
    ours, theirs = whole.model.state_dict(), resumed.model.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert set(whole.extra()) == {"codes_seen"}


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match="'kinematics' needs ms272, for humanml263 use 'rows'"):
        starter("humanml263", 10)
    with pytest.raises(ValueError, match="input_width 263 cannot read motionx623: 623"):
        type(t2mgpt("humanml263", 1)).from_dict(t2mgpt("humanml263", 1).to_dict() | {"codec": "motionx623"})


@pytest.mark.parametrize("config", [starter("ms272", 1), t2mgpt("kit251", 1), part_aware("motionx623", 9)])
def test_a_setup_survives_json(config):
    import json

    back = type(config).from_dict(json.loads(json.dumps(config.to_dict())))
    assert back == config and type(back.model) is type(config.model) and type(back.loss) is type(config.loss)


@pytest.mark.parametrize(
    ("d", "message"),
    [
        ({"speed": 1}, "TokenizerTraining has no field 'speed'; known: minutes, "),
        ({"lr": "fast"}, "'lr' must be float, got 'fast'"),
        ({"batch": True}, "'batch' must be int, got True"),
        ({"loss": {"kind": "best"}}, "unknown loss kind 'best'; known: kinematics, rows"),
        ({"loss": {"kind": "rows", "heading": 1.0}}, "RowLossWeights has no field 'heading'"),
        ({"codec": "ms300"}, "unknown feature codec 'ms300'"),
        ({"model": {"order": "feet_first"}}, "'order' must be one of"),
    ],
)
def test_a_field_that_does_not_fit_is_named(d, message):
    with pytest.raises(ValueError, match=message):
        type(starter("ms272", 1)).from_dict(d)
