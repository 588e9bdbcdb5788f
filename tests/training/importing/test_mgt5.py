"""OpenMotionLab's MotionGPT: a tiny T5 in the published layout, and the published shapes."""

import math

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from backend import bundles  # noqa: E402
from backend.systems import prompts  # noqa: E402
from backend.systems.vocabulary import Vocabulary  # noqa: E402
from tests import tiny_text  # noqa: E402
from tests.training.importing import published  # noqa: E402
from training.importing import bundling, mgt5  # noqa: E402
from training.importing.imported import Options  # noqa: E402
from training.importing.t5_shape import FLAN_T5_BASE, TIED, T5Shape  # noqa: E402

WORDS = tiny_text.train(specials=("<pad>", "</s>", "<unk>"))
TEXT = WORDS.get_vocab_size()
TINY = T5Shape(width=16, inner=24, layers=2, heads=2, head_width=8, text=TEXT)
SIZE = f"{TINY.size} x 16"


def t5(shape):
    return transformers.T5ForConditionalGeneration(transformers.T5Config(**shape.config()))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return t5(TINY).eval()


@pytest.fixture
def state(model, narrow):
    """As Lightning saves it."""
    state = published.tokenizer(prefix="vae.", channels=published.NARROW)
    state |= {f"lm.language_model.{name}": value for name, value in model.state_dict().items()}
    state |= {"metrics.TM2TMetrics.count": torch.tensor(3), "metrics.MRMetrics.MPJPE": torch.zeros(1)}
    return state | {"_losses.losses.recons_feature": torch.zeros(1)}


def test_the_shapes_are_those_of_flan_t5_base():
    with torch.device("meta"):
        theirs = {name: tuple(value.shape) for name, value in t5(FLAN_T5_BASE).state_dict().items()}
    ours = FLAN_T5_BASE.tensors()
    assert ours == theirs and ours["shared.weight"] == (32615, 768)
    # flan-t5-base's own vocabulary is padded to 32,128 rows
    count = sum(math.prod(shape) for name, shape in ours.items() if name not in TIED)
    assert count == 247_577_856 + 2 * 768 * (32615 - 32128)


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flan")
    WORDS.save(str(folder / "tokenizer.json"))
    return Options(tokenizer=folder)


@pytest.fixture
def folder(state, options, tmp_path):
    """The bundle."""
    found = {"state_dict": state, "epoch": 9}
    torch.save(found, tmp_path / "motiongpt_s3_h3d.tar")
    imported = mgt5.convert(found, options, TINY)
    assert imported.left_out == ("metrics.* (2 tensors)", "_losses.* (1 tensors)", "epoch")
    bundling.write(tmp_path / "out", "mgt5", tmp_path / "motiongpt_s3_h3d.tar", imported)
    return tmp_path / "out"


def test_the_bundle_says_what_it_is(folder, options):
    bundle = bundles.load(folder)
    assert (bundle.system, bundle.engines) == ("motiongpt2", ("torch",))
    assert bundle.tasks == ("text_to_motion", "describe", "predict", "fill")
    assert prompts.of_bundle(bundle).name == "mgt5"
    assert bundle.features["normalisation"] == "humanml3d-b"
    assert bundle.config["text_tokenizer"] == {
        "sha256": bundle.files["tokenizer.json"].sha256, "bos": None, "eos": 1, "pad": 0,
    }  # fmt: skip
    assert bundle.file("tokenizer.json").read_bytes() == (options.tokenizer / "tokenizer.json").read_bytes()


def test_transformers_reads_it_and_finds_every_token_where_our_vocabulary_has_it(model, folder):
    read, told = transformers.T5ForConditionalGeneration.from_pretrained(
        folder, output_loading_info=True, local_files_only=True
    )
    assert not told["missing_keys"] and not told["unexpected_keys"] and not told["mismatched_keys"]
    ours = Vocabulary.from_dict(bundles.load(folder).config["vocabulary"])
    start, end, mask, first = TEXT + 512, TEXT + 513, TEXT + 514, TEXT  # as published
    theirs = {"input_ids": [[3, start, first + 7, mask, end, 1]], "decoder_input_ids": [[0, start, first + 5]]}
    marks = [ours.mark(name) for name in ("<motion>", "</motion>", "<mask>")]
    codes = ours.codes("motion").start
    mine = {
        "input_ids": [[3, marks[0], codes + 7, marks[2], marks[1], 1]],
        "decoder_input_ids": [[0, marks[0], codes + 5]],
    }
    order = [*range(TEXT), start, end, mask, *range(first, first + 512)]
    with torch.no_grad():
        expected, found = (
            network(**{name: torch.tensor(ids) for name, ids in words.items()}).logits
            for network, words in ((model, theirs), (read.eval(), mine))
        )
    assert torch.equal(found, expected[..., order])


SHARED = "lm.language_model.shared.weight"


@pytest.mark.parametrize(
    "change, says",
    [
        ({SHARED: torch.ones(TINY.size, 16)}, "'encoder.embed_tokens.weight' differs from 'shared.weight'"),
        ({SHARED: torch.ones(41, 16)}, f"'shared.weight' has shape 41 x 16, wanted is {SIZE}"),
        ({"lm.language_model.lm_head.weight": None}, f"'lm_head.weight' of shape {SIZE} is missing"),
        ({"lm.tokens": torch.ones(2)}, "'lm.tokens' does not belong there, names begin with lm.language_model., vae."),
        ({"vae.quantizer.codebook": None}, "'quantizer.codebook' of shape 512 x 8 is missing"),
        ({"lm.language_model.decoder.final_layer_norm.weight": torch.full((16,), torch.inf)}, "are not finite"),
    ],
)
def test_what_does_not_fit_is_named(change, says, state, options):
    state = {name: value for name, value in (state | change).items() if value is not None}
    with pytest.raises(ValueError) as caught:
        mgt5.convert({"state_dict": state}, options, TINY)
    assert says in str(caught.value)


def test_a_checkpoint_without_the_part(options):
    with pytest.raises(ValueError, match="no part 'state_dict', .* it has net$"):
        mgt5.convert({"net": {}}, options)
    with pytest.raises(ValueError, match="the part 'state_dict' is a value of type int"):
        mgt5.convert({"state_dict": 3}, options)


@pytest.mark.parametrize(
    "words, says",
    [
        (
            tiny_text.train(["abc"], ("<pad>", "</s>", "<unk>")),
            f"tokens, the language model was trained with {TEXT}",
        ),
        (tiny_text.train(specials=("</s>", "<pad>", "<unk>")), "has <pad> at 1, the language model reads it at 0"),
    ],
)
def test_another_text_tokenizer(words, says, state, tmp_path):
    words.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(ValueError, match=says):
        mgt5.convert({"state_dict": state}, Options(tokenizer=tmp_path), TINY)


def test_a_folder_without_a_text_tokenizer(state, tmp_path):
    with pytest.raises(ValueError, match="has no tokenizer.json"):
        mgt5.convert({"state_dict": state}, Options(tokenizer=tmp_path), TINY)
    (tmp_path / "tokenizer.json").write_text('{"model": 3}')
    with pytest.raises(ValueError, match="is no tokenizer as the tokenizers library writes it"):
        mgt5.convert({"state_dict": state}, Options(tokenizer=tmp_path), TINY)
