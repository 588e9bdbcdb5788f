"""Guo's evaluator: the published layout in, networks that embed clips and captions out."""

import json
import math

import pytest

torch = pytest.importorskip("torch")

from backend.motion.features import normalisation  # noqa: E402
from backend.motion.features.codec import codec  # noqa: E402
from tests.training.importing import published  # noqa: E402
from training.importing import t2m_evaluator as importing  # noqa: E402
from training.importing.imported import NOTHING  # noqa: E402
from training.importing.importer import import_file  # noqa: E402
from training.metrics import t2m_evaluator  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("evaluator")
    torch.save(published.evaluator(published.random), folder / "finest.tar")
    import_file(folder / "finest.tar", "t2m-evaluator", folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def evaluator(folder):
    return t2m_evaluator.load(folder, codec("humanml263"))[0]


def test_our_shapes_are_the_published_ones():
    theirs = {f"{part}.{name}": shape for part, shapes in published.EVALUATOR.items() for name, shape in shapes.items()}
    assert t2m_evaluator.shapes(263) == theirs
    assert round(sum(map(math.prod, theirs.values())) / 1e6, 1) == 21.7
    assert t2m_evaluator.shapes(251)["movement_encoder.main.0.weight"] == (512, 247, 4)


def test_it_is_read_with_its_normalisation(folder):
    _, scale = t2m_evaluator.load(folder, codec("humanml263"))
    normalisation.expect(scale, normalisation.FINGERPRINTS["humanml3d-b"])
    said = json.loads((folder / "import.json").read_text())
    assert said["left_out"] == ["opt_motion_encoder", "epoch", "iter"] and said["licence"].startswith("MIT; ")
    with pytest.raises(ValueError, match="has shape 512 x 259 x 4, the config asks for 512 x 247 x 4"):
        t2m_evaluator.load(folder, codec("kit251"))


def last_states(gru, values, start):
    """Of a two-way GRU on one sequence (N, width), computed gate by gate."""

    def run(suffix, steps, state):
        w, u, b, c = (getattr(gru, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        for x in steps:
            (r, z, n), (hr, hz, hn) = (w @ x + b).chunk(3), (u @ state + c).chunk(3)
            r, z = torch.sigmoid(r + hr), torch.sigmoid(z + hz)
            state = (1 - z) * torch.tanh(n + r * hn) + z * state
        return state

    return torch.cat([run("", values, start[0, 0]), run("_reverse", values.flip(0), start[1, 0])])


@torch.no_grad()
def test_a_sequence_is_embedded_by_its_own_length_whatever_follows(evaluator):
    torch.manual_seed(1)
    encoder, lengths = evaluator.motion_encoder, torch.tensor([3, 7, 5])
    values = torch.randn(3, 7, 512)
    got = encoder(values, lengths)
    values[0, 3:], values[2, 5:] = 1e3, -1e3
    assert torch.equal(encoder(values, lengths), got)
    for row, length, ours in zip(values, lengths, got):
        states = last_states(encoder.gru, encoder.input_emb(row[:length]), encoder.hidden)
        assert torch.allclose(ours, encoder.output_net(states), atol=1e-5)


@torch.no_grad()
def test_embeddings_come_in_the_order_of_the_batch(evaluator):
    torch.manual_seed(2)
    rows, frames = torch.randn(3, 40, 263), torch.tensor([21, 40, 32])
    for row, count in zip(rows, frames):
        row[count:] = 0.0
    got = evaluator.motions(rows, frames)
    assert got.shape == (3, 512) and torch.allclose(evaluator.motions(rows[1:2], frames[1:2])[0], got[1], atol=1e-5)
    other = rows.clone()
    other[..., -4:] += 1.0  # contacts are not read
    assert torch.equal(evaluator.motions(other, frames), got)
    words, classes, lengths = torch.randn(2, 22, 300), torch.eye(15)[torch.arange(44) % 15].view(2, 22, 15), [5, 9]
    got = evaluator.texts(words, classes, torch.tensor(lengths))
    alone = evaluator.texts(words[:1, :5], classes[:1, :5], torch.tensor([5]))
    assert got.shape == (2, 512) and torch.allclose(alone[0], got[0], atol=1e-5)
    with pytest.raises(ValueError, match="a clip needs 4 frames at least, got 3"):
        evaluator.motions(rows, torch.tensor([3, 40, 32]))


def test_kit_has_its_own_features():
    imported = importing.convert(published.evaluator(width=251), NOTHING)
    assert imported.features["fingerprint"] == normalisation.FINGERPRINTS["kit-b"]
    assert "KIT-ML" in imported.licence


@pytest.mark.parametrize(
    "part, change, says",
    [
        ("text_encoder", {"pos_emb.weight": None}, "'text_encoder.pos_emb.weight' of shape 300 x 15 is missing"),
        ("text_encoder", {"gru.weight_ih_l1": torch.ones(2)}, "'text_encoder.gru.weight_ih_l1' does not belong there"),
        ("motion_encoder", {"hidden": torch.ones(2, 1, 512)}, "has shape 2 x 1 x 512, wanted is 2 x 1 x 1024"),
        ("motion_encoder", {"hidden": torch.full((2, 1, 1024), torch.nan)}, "has values that are not finite"),
        (
            "movement_encoder",
            {"main.0.weight": torch.ones(512, 263, 4)},
            "reads 263 features a frame, published are 259",
        ),
        ("movement_encoder", {"main.0.weight": None}, "of shape 512 x 259 x 4 is missing: this is no evaluator"),
    ],
)
def test_what_does_not_fit_is_named(part, change, says):
    found = published.evaluator()
    found[part] = {name: value for name, value in (found[part] | change).items() if value is not None}
    with pytest.raises(ValueError) as caught:
        importing.convert(found, NOTHING)
    assert says in str(caught.value)


def test_a_checkpoint_without_a_part():
    with pytest.raises(ValueError, match="no part 'text_encoder', .* it has net$"):
        importing.convert({"net": {}}, NOTHING)
