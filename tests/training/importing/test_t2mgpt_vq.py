"""T2M-GPT's tokenizers: the published layout in, a bundle with the normalisation out."""

import pytest

torch = pytest.importorskip("torch")

from backend import bundles, engines  # noqa: E402
from backend.engines import tensor_file  # noqa: E402
from backend.models.config import VQVAEConfig  # noqa: E402
from backend.motion.features import normalisation  # noqa: E402
from tests.training.importing import published  # noqa: E402
from training.importing import t2mgpt_vq, tokenizer  # noqa: E402
from training.importing.imported import NOTHING  # noqa: E402
from training.tokenizer import load_tokenizer  # noqa: E402


@pytest.mark.parametrize("width", [263, 251])
def test_our_shapes_are_the_published_ones(width):
    net = published.tokenizer(width, prefix="")
    assert tokenizer.published_shapes(VQVAEConfig(input_width=width)) == {k: tuple(v.shape) for k, v in net.items()}
    assert len(net) == 67
    learnt = sum(value.numel() for name, value in net.items() if name != "quantizer.codebook")
    assert learnt == {263: 19_436_807, 251: 19_399_931}[width]


def test_the_file_is_one_that_engines_read(vq_bundle):
    net, folder = vq_bundle
    bundle = bundles.load(folder)
    config = VQVAEConfig.from_dict(bundle.config["motion_tokenizer"])
    arrays = tensor_file.read(bundle.file("motion_tokenizer.safetensors"), config.tensors())
    set_b = normalisation.published("humanml3d-b")
    assert (arrays.pop("mean") == set_b.mean).all() and (arrays.pop("std") == set_b.std).all()
    assert all(torch.equal(torch.from_numpy(value), net[f"vqvae.{name}"]) for name, value in arrays.items())
    model = load_tokenizer(folder).model
    codes = model.encode(torch.randn(1, 64, 263))
    assert codes.shape == (1, 16) and model.decode(codes).shape == (1, 64, 263)


def test_what_it_is_stands_beside_it(vq_bundle):
    bundle = bundles.load(vq_bundle[1])
    said = bundle.config["imported"]
    assert said["kind"] == "t2mgpt-vq" and said["source"]["name"] == "net_last.pth"
    assert (bundle.name, bundle.tasks, bundle.training_data) == ("t2mgpt-vq", (), ("HumanML3D",))
    assert bundle.features == {
        "codec": "humanml263",
        "fps": 20.0,
        "normalisation": "humanml3d-b",
        "fingerprint": normalisation.FINGERPRINTS["humanml3d-b"],
    }
    assert "Apache-2.0" in bundle.licence and "AMASS" in bundle.licence
    card = bundle.file("MODEL_CARD.md").read_text()
    assert "converted from `net_last.pth`" in card and "humanml263 at 20 fps" in card and bundle.licence in card


def test_it_generates_nothing_by_itself(vq_bundle):
    with pytest.raises(bundles.BundleError, match="t2mgpt-vq has no task: it holds a motion tokenizer"):
        engines.create(bundles.load(vq_bundle[1]))


def test_kit_has_its_own_features():
    found = t2mgpt_vq.convert({"net": published.tokenizer(251), "epoch": 3}, NOTHING)
    assert found.features["codec"] == "kit251" and found.features["fps"] == 12.5
    assert found.features["fingerprint"] == normalisation.FINGERPRINTS["kit-b"]
    assert found.left_out == ("epoch",) and "KIT-ML" in found.licence


def test_half_precision_becomes_float32():
    half = {name: value.to(torch.float16) for name, value in published.tokenizer().items()}
    ours = t2mgpt_vq.convert({"net": half}, NOTHING).tensors["motion_tokenizer.safetensors"]
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
        t2mgpt_vq.convert({"net": net}, NOTHING)
    assert says in str(caught.value)


def test_a_checkpoint_without_the_part():
    with pytest.raises(ValueError, match="no part 'net', .* it has a, b, c, d and 1 more"):
        t2mgpt_vq.convert(dict.fromkeys("abcde", 1), NOTHING)
