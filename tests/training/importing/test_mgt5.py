"""OpenMotionLab's MotionGPT: a tiny T5 in the published layout, and the published shapes."""

import math
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.training.importing import published  # noqa: E402
from training.importing import mgt5  # noqa: E402
from training.importing.importer import KINDS, import_file  # noqa: E402

TINY = mgt5.T5Shape(width=16, inner=24, layers=2, heads=2, head_width=8, text=30, codes=4)


def t5(shape):
    return transformers.T5ForConditionalGeneration(transformers.T5Config(**shape.config()))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return t5(TINY).eval()


@pytest.fixture
def state(model):
    """As Lightning saves it."""
    state = published.tokenizer(prefix="vae.")
    state |= {f"lm.language_model.{name}": value for name, value in model.state_dict().items()}
    state |= {"metrics.TM2TMetrics.count": torch.tensor(3), "metrics.MRMetrics.MPJPE": torch.zeros(1)}
    return state | {"_losses.losses.recons_feature": torch.zeros(1)}


def test_the_shapes_are_those_of_flan_t5_base():
    with torch.device("meta"):
        theirs = {name: tuple(value.shape) for name, value in t5(mgt5.FLAN_T5_BASE).state_dict().items()}
    ours = mgt5.FLAN_T5_BASE.tensors()
    assert ours == theirs and ours["shared.weight"] == (32615, 768)
    # flan-t5-base's own vocabulary is padded to 32,128 rows
    count = sum(math.prod(shape) for name, shape in ours.items() if name not in mgt5.TIED)
    assert count == 247_577_856 + 2 * 768 * (32615 - 32128)


def test_transformers_reads_the_folder(model, state, tmp_path, monkeypatch):
    kind = KINDS["mgt5"]
    monkeypatch.setitem(KINDS, "mgt5", replace(kind, convert=lambda found: mgt5.convert(found, TINY)))
    torch.save({"state_dict": state, "epoch": 9}, tmp_path / "motiongpt_s3_h3d.tar")
    imported = import_file(tmp_path / "motiongpt_s3_h3d.tar", "mgt5", tmp_path / "out")
    assert imported.left_out == ("metrics.* (2 tensors)", "_losses.* (1 tensors)", "epoch")
    assert imported.facts["features"]["normalisation"] == "humanml3d-b"
    assert imported.facts["tokens"] == {
        "text_tokenizer": "google/flan-t5-base", "first_code": 30, "codes": 4,
        "start_of_motion": 34, "end_of_motion": 35, "mask": 36,
    }  # fmt: skip
    read, told = transformers.T5ForConditionalGeneration.from_pretrained(
        tmp_path / "out", output_loading_info=True, local_files_only=True
    )
    assert not told["missing_keys"] and not told["unexpected_keys"] and not told["mismatched_keys"]
    words = {"input_ids": torch.tensor([[3, 31, 36, 1]]), "decoder_input_ids": torch.tensor([[0, 34, 30, 35]])}
    with torch.no_grad():
        assert torch.equal(read.eval()(**words).logits, model(**words).logits)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted([*kind.files, "import.json"])


SHARED = "lm.language_model.shared.weight"


@pytest.mark.parametrize(
    "change, says",
    [
        ({SHARED: torch.ones(37, 16)}, "'encoder.embed_tokens.weight' differs from 'shared.weight'"),
        ({SHARED: torch.ones(41, 16)}, "'shared.weight' has shape 41 x 16, wanted is 37 x 16"),
        ({"lm.language_model.lm_head.weight": None}, "'lm_head.weight' of shape 37 x 16 is missing"),
        ({"lm.tokens": torch.ones(2)}, "'lm.tokens' does not belong there, names begin with lm.language_model., vae."),
        ({"vae.quantizer.codebook": None}, "'quantizer.codebook' of shape 512 x 512 is missing"),
        ({"lm.language_model.decoder.final_layer_norm.weight": torch.full((16,), torch.inf)}, "are not finite"),
    ],
)
def test_what_does_not_fit_is_named(change, says, state):
    state = {name: value for name, value in (state | change).items() if value is not None}
    with pytest.raises(ValueError) as caught:
        mgt5.convert({"state_dict": state}, TINY)
    assert says in str(caught.value)


def test_a_checkpoint_without_the_part():
    with pytest.raises(ValueError, match="no part 'state_dict', .* it has net$"):
        mgt5.convert({"net": {}})
    with pytest.raises(ValueError, match="the part 'state_dict' is a value of type int"):
        mgt5.convert({"state_dict": 3})
