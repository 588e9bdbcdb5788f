"""Bundles that are damaged or foreign although every hash in their manifest is right: each engine says which file and
why, before it builds a network."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save

from backend import bundles
from backend.bundles import MANIFEST, BundleError
from backend.engines import create
from backend.engines.files import LANGUAGE_MODEL, MOTION_TOKENIZER, TEXT_TOKENIZER

EMBEDDING = "gpt.transformer.wte.weight"


@pytest.fixture(params=["numpy", "torch"])
def load(request):
    """From a folder to an engine."""
    return lambda folder: create(bundles.load(folder), request.param, "cpu")


@pytest.fixture
def rebuilt(tiny_bundle, tmp_path):
    """``rebuilt(config=..., files=...)`` writes a bundle with these changed and every hash right; its folder."""

    def build(config=lambda config: None, files=lambda files: None):
        manifest = json.loads((tiny_bundle / MANIFEST).read_text(encoding="utf-8"))
        contents = {name: (tiny_bundle / name).read_bytes() for name in manifest.pop("files")}
        config(manifest["config"])
        files(contents)
        del manifest["format"]
        return bundles.write(tmp_path / "odd", manifest, contents).path

    return build


def refused(load, folder, *words):
    with pytest.raises(BundleError) as error:
        load(folder)
    said = str(error.value)
    assert all(word in said for word in ("odd", *words)), said
    assert len(said) < 350


def test_the_untouched_bundle_runs(load, rebuilt):
    engine = load(rebuilt())
    logits, _ = engine.start([[1, 40]], np.arange(300, 310), 0)
    assert logits.shape == (1, 10) and np.isfinite(logits).all()


def arrays(change):
    """Bytes to bytes: the file's arrays with one change."""

    def edit(data):
        found = load_arrays(data)
        change(found)
        return save(found)

    return edit


def archive(data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps({"weights": data}))
    return out.getvalue()


def a_float(found):
    """The name of a tensor that is not int8."""
    return next(name for name in sorted(found) if found[name].dtype != np.int8 and not name.endswith(".scale"))


WEIGHTS = {
    "empty": (lambda data: b"", "is not a safetensors file"),
    "cut": (lambda data: data[:-7], "expected two of the"),
    "cut in the header": (lambda data: data[:100], "its header has"),
    "longer": (lambda data: data + b"\0\0", "where its last tensor ends"),
    "header of 2**62": (lambda data: (2**62).to_bytes(8, "little") + data[8:], "its header has 4611686018427387904"),
    "pickle": (lambda data: pickle.dumps({"weights": data}), "it is a pickle"),
    "torch checkpoint": (archive, "it is a zip archive, as torch.save writes it"),
    "wrong dtype": (
        arrays(lambda found: found.update({a_float(found): found[a_float(found)].astype(np.float64)})),
        "has dtype 'F64', accepted are F32, F16, I8",
    ),
    "transposed": (
        arrays(lambda found: found.update({name: value.T.copy() for name, value in found.items() if value.ndim > 1})),
        "the config asks for",
    ),
    "oversized": (
        arrays(lambda found: found.update({a_float(found): np.zeros(2**16, np.float16)})),
        "has shape 65536, the config asks for",
    ),
    "tensor missing": (arrays(lambda found: found.pop(a_float(found))), "is missing"),
    "tensor too many": (
        arrays(lambda found: found.update(stranger=np.zeros(3, np.float32))),
        "tensor 'stranger' is not of this model",
    ),
    "NaN": (
        arrays(lambda found: found.update({a_float(found): found[a_float(found)] * np.float16("nan")})),
        "has values that are not finite",
    ),
}


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize("name", [LANGUAGE_MODEL, MOTION_TOKENIZER])
def test_weights(load, rebuilt, name, kind):
    damage, reason = WEIGHTS[kind]
    refused(load, rebuilt(files=lambda files: files.update({name: damage(files[name])})), f"'odd': {name}", reason)


def test_weights_in_each_others_place(load, rebuilt):
    def swap(files):
        files[LANGUAGE_MODEL], files[MOTION_TOKENIZER] = files[MOTION_TOKENIZER], files[LANGUAGE_MODEL]

    refused(load, rebuilt(files=swap), LANGUAGE_MODEL, f"tensor '{EMBEDDING}'", "is missing")


def test_integers_without_their_scales(load, rebuilt):
    edit = arrays(lambda found: found.pop(f"{EMBEDDING}.scale"))
    folder = rebuilt(files=lambda files: files.update({LANGUAGE_MODEL: edit(files[LANGUAGE_MODEL])}))
    refused(load, folder, LANGUAGE_MODEL, f"tensor '{EMBEDDING}.scale' of shape", "is missing")


@pytest.mark.parametrize("name", [LANGUAGE_MODEL, MOTION_TOKENIZER, TEXT_TOKENIZER])
def test_a_file_that_the_manifest_does_not_name(load, rebuilt, name):
    refused(load, rebuilt(files=lambda files: files.pop(name)), f"holds no {name}")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b"[" * 10_000, pickle.dumps({"a": 1})])
def test_a_text_tokenizer_that_is_none(load, rebuilt, content):
    folder = rebuilt(files=lambda files: files.update({TEXT_TOKENIZER: content}))
    refused(load, folder, f"'odd': {TEXT_TOKENIZER} is not a usable text tokenizer")


def test_a_text_tokenizer_that_does_not_fit_the_model(load, rebuilt):
    sizes = {}

    def grow(files):
        tokenizer = json.loads(files[TEXT_TOKENIZER])
        vocabulary = tokenizer["model"]["vocab"]
        sizes["model"] = len(vocabulary)
        for i in range(3):
            vocabulary[f"stranger{i}"] = len(vocabulary)
        files[TEXT_TOKENIZER] = json.dumps(tokenizer).encode()

    folder = rebuilt(files=grow)
    refused(
        load,
        folder,
        TEXT_TOKENIZER,
        f"has {sizes['model'] + 3} tokens, the language model was made for {sizes['model']}",
    )


def test_a_model_of_other_texts(load, rebuilt):
    def more(config):
        for part in ("language_model", "vocabulary"):
            config[part]["text_size"] = 2**18

    refused(load, rebuilt(more), TEXT_TOKENIZER, f"the language model was made for {2**18}")


def test_a_text_tokenizer_with_its_control_tokens_elsewhere(load, rebuilt):
    def swap(files):
        text = files[TEXT_TOKENIZER].decode()
        for a, b in (("<eos>", "<none>"), ("<bos>", "<eos>"), ("<none>", "<bos>")):
            text = text.replace(f'"{a}"', f'"{b}"')
        files[TEXT_TOKENIZER] = text.encode()

    refused(load, rebuilt(files=swap), TEXT_TOKENIZER, "has <bos> at 2, the language model reads it at 1")


def test_a_text_tokenizer_retrained_on_other_texts(load, rebuilt):
    """As many tokens, the control tokens where they belong: only the words mean something else."""

    def swap(files):
        tokenizer = json.loads(files[TEXT_TOKENIZER])
        vocabulary = tokenizer["model"]["vocab"]
        vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]
        files[TEXT_TOKENIZER] = json.dumps(tokenizer).encode()

    refused(load, rebuilt(files=swap), TEXT_TOKENIZER, "the language model was trained with another")


def test_the_normalisation_of_other_weights(load, rebuilt):
    def shift(files):
        tensors = load_arrays(files[MOTION_TOKENIZER])
        files[MOTION_TOKENIZER] = save(tensors | {"mean": tensors["mean"] + 1})

    refused(load, rebuilt(files=shift), MOTION_TOKENIZER, "wrong normalisation: expected an unpublished set")


CONFIGS = {
    "no language model": (lambda c: c.pop("language_model"), "'config' lacks 'language_model'"),
    "no motion tokenizer": (lambda c: c.pop("motion_tokenizer"), "'config' lacks 'motion_tokenizer'"),
    "no vocabulary": (lambda c: c.pop("vocabulary"), "'config' lacks 'vocabulary'"),
    "no control tokens": (lambda c: c["text_tokenizer"].pop("eos"), "must have sha256, bos, eos and pad"),
    "a control token that is none": (
        lambda c: c["text_tokenizer"].update(eos=10**6),
        "'eos' of config.text_tokenizer must be one of the",
    ),
    "an end that is nothing": (lambda c: c["text_tokenizer"].update(eos=None), "'eos' of config.text_tokenizer"),
    "other tokens": (
        lambda c: c["language_model"].update(added=5),
        "in config.vocabulary and 5 in config.language_model",
    ),
    "other streams": (
        lambda c: c["vocabulary"].update(streams=[["body", 16]]),
        "the streams are body of 16 codes in config.vocabulary and motion of 16 codes in config.motion_tokenizer",
    ),
    "an order of the parts that is none": (
        lambda c: c["motion_tokenizer"].update(order="feet_first"),
        "config.motion_tokenizer: 'order' must be one of",
    ),
    "a list": (lambda c: c.update(language_model=[]), "config.language_model: expected a JSON object, found []"),
    "unknown field": (
        lambda c: c["language_model"].update(experts=8),
        "config.language_model: unknown field 'experts'",
    ),
    "width as text": (lambda c: c["motion_tokenizer"].update(width="16"), "config.motion_tokenizer: 'width' must be"),
    "absurd width": (lambda c: c["language_model"].update(width=10**9), "config.language_model: 'width' must be"),
    "heads": (lambda c: c["language_model"].update(heads=5), "config.language_model: 'heads' must divide"),
    "codes of another model": (lambda c: c["motion_tokenizer"].update(codes=17), "not made for each other"),
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_config(load, rebuilt, kind):
    change, reason = CONFIGS[kind]
    refused(load, rebuilt(change), f"'odd': {MANIFEST}", reason)


@pytest.mark.parametrize(
    "network, change, file",
    [
        ("language_model", {"layers": 3}, LANGUAGE_MODEL),
        ("language_model", {"layers": 1}, LANGUAGE_MODEL),
        ("language_model", {"width": 8192}, LANGUAGE_MODEL),
        ("language_model", {"layers": 128, "width": 8192, "positions": 16384}, LANGUAGE_MODEL),
        ("motion_tokenizer", {"down": 3}, MOTION_TOKENIZER),
        ("motion_tokenizer", {"dilations": [1, 1]}, MOTION_TOKENIZER),
        ("motion_tokenizer", {"input_width": 263}, MOTION_TOKENIZER),
        ("motion_tokenizer", {"width": 8192, "code_width": 8192}, MOTION_TOKENIZER),
    ],
)
def test_a_config_that_is_not_that_of_the_weights(load, rebuilt, network, change, file):
    refused(load, rebuilt(lambda config: config[network].update(change)), f"'odd': {file}: tensor")
