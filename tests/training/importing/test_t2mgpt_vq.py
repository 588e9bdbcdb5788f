"""T2M-GPT's tokenizers: the published layout in, our file with its normalisation out."""

import json

import pytest

torch = pytest.importorskip("torch")

from backend.engines import tensor_file  # noqa: E402
from backend.models.config import VQVAEConfig  # noqa: E402
from backend.models.vqvae import VQVAE  # noqa: E402
from backend.motion.features import normalisation  # noqa: E402
from tests.training.importing import published  # noqa: E402
from training.importing import t2mgpt_vq, tokenizer  # noqa: E402
from training.importing.importer import import_file  # noqa: E402


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """The published tensors, and the folder they were imported to."""
    torch.manual_seed(0)
    net = published.tokenizer(fill=published.random)
    folder = tmp_path_factory.mktemp("import")
    torch.save({"net": net}, folder / "net_last.pth")
    import_file(folder / "net_last.pth", "t2mgpt-vq", folder / "out")
    return net, folder / "out"


@pytest.mark.parametrize("width", [263, 251])
def test_our_shapes_are_the_published_ones(width):
    net = published.tokenizer(width, prefix="")
    assert tokenizer.published_shapes(VQVAEConfig(input_width=width)) == {k: tuple(v.shape) for k, v in net.items()}
    assert len(net) == 67
    learnt = sum(value.numel() for name, value in net.items() if name != "quantizer.codebook")
    assert learnt == {263: 19_436_807, 251: 19_399_931}[width]


def test_the_file_is_one_that_engines_read(imported):
    net, folder = imported
    said = json.loads((folder / "import.json").read_text())
    config = VQVAEConfig.from_dict(said["config"]["motion_tokenizer"])
    arrays = tensor_file.read(folder / "motion_tokenizer.safetensors", config.tensors())
    set_b = normalisation.published("humanml3d-b")
    assert (arrays.pop("mean") == set_b.mean).all() and (arrays.pop("std") == set_b.std).all()
    assert all(torch.equal(torch.from_numpy(value), net[f"vqvae.{name}"]) for name, value in arrays.items())
    model = VQVAE(config).eval()
    model.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
    codes = model.encode(torch.randn(1, 64, 263))
    assert codes.shape == (1, 16) and model.decode(codes).shape == (1, 64, 263)


def test_what_it_is_stands_beside_it(imported):
    said = json.loads((imported[1] / "import.json").read_text())
    assert said["kind"] == "t2mgpt-vq" and said["source"]["name"] == "net_last.pth"
    assert said["features"] == {
        "codec": "humanml263",
        "fps": 20.0,
        "normalisation": "humanml3d-b",
        "fingerprint": normalisation.FINGERPRINTS["humanml3d-b"],
    }
    assert "Apache-2.0" in said["licence"] and "AMASS" in said["licence"]


def test_kit_has_its_own_features():
    found = t2mgpt_vq.convert({"net": published.tokenizer(251), "epoch": 3})
    assert found.facts["features"]["codec"] == "kit251" and found.facts["features"]["fps"] == 12.5
    assert found.facts["features"]["fingerprint"] == normalisation.FINGERPRINTS["kit-b"]
    assert found.left_out == ("epoch",) and "KIT-ML" in found.licence


def test_half_precision_becomes_float32():
    half = {name: value.to(torch.float16) for name, value in published.tokenizer().items()}
    ours = t2mgpt_vq.convert({"net": half}).tensors["motion_tokenizer.safetensors"]
    assert {value.dtype for value in ours.values()} == {torch.float32}


WEIGHT = "vqvae.encoder.model.0.weight"


@pytest.mark.parametrize(
    "change, says",
    [
        ({"vqvae.decoder.model.4.bias": None}, "'decoder.model.4.bias' of shape 512 is missing, one of 1"),
        ({"vqvae.quantizer.code_sum": torch.ones(2)}, "'quantizer.code_sum' does not belong there, one of 1"),
        (
            {"trans_base.tok_emb.weight": torch.ones(2)},
            "'trans_base.tok_emb.weight' does not belong there, names begin",
        ),
        ({"vqvae.quantizer.codebook": torch.ones(1024, 512)}, "has shape 1024 x 512, wanted is 512 x 512"),
        ({WEIGHT: torch.ones(512, 272, 3)}, "reads 272 features a frame, published are 263 and 251"),
        ({WEIGHT: torch.ones(512)}, "of shape 512 x 263 x 3 is missing: this is no T2M-GPT tokenizer"),
        ({WEIGHT: torch.full((512, 263, 3), torch.nan)}, "'encoder.model.0.weight' has values that are not finite"),
        ({WEIGHT: torch.ones(512, 263, 3, dtype=torch.int32)}, "is a tensor of int32"),
        ({WEIGHT: [1.0]}, "is a value of type list"),
    ],
)
def test_what_does_not_fit_is_named(change, says):
    net = {name: value for name, value in (published.tokenizer() | change).items() if value is not None}
    with pytest.raises(ValueError) as caught:
        t2mgpt_vq.convert({"net": net})
    assert says in str(caught.value)


def test_a_checkpoint_without_the_part():
    with pytest.raises(ValueError, match="no part 'net', .* it has a, b, c, d and 1 more"):
        t2mgpt_vq.convert(dict.fromkeys("abcde", 1))
