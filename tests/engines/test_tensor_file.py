"""The reader of weights against the ``safetensors`` package, and against files that nobody should trust."""

import io
import json
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from backend.bundles import BundleError
from backend.engines import tensor_file
from backend.engines.int8 import quantised

SHAPES = {"matrix": (6, 5), "vector": (7,), "conv": (4, 3, 2)}
RNG = np.random.default_rng(0)
ARRAYS = {name: RNG.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}


def file_of(entries: dict, data: bytes, length: int | None = None) -> bytes:
    """A safetensors file with that header, right or wrong."""
    header = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return (len(header) if length is None else length).to_bytes(8, "little") + header + data


def parts(arrays: dict[str, np.ndarray]) -> tuple[dict, bytes]:
    """Header and data of a right file."""
    kinds = {np.float32: "F32", np.float16: "F16", np.int8: "I8"}
    entries, data = {}, b""
    for name, array in arrays.items():
        begin, data = len(data), data + array.tobytes()
        entries[name] = {
            "dtype": kinds[array.dtype.type],
            "shape": list(array.shape),
            "data_offsets": [begin, len(data)],
        }
    return entries, data


def changed(name: str = "vector", arrays=None, **fields) -> bytes:
    """A right file but for these fields of one tensor's line."""
    entries, data = parts(ARRAYS if arrays is None else arrays)
    entries[name] |= fields
    return file_of(entries, data)


def written(tmp_path, data: bytes):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_round_trip(tmp_path, dtype):
    stored = {name: array.astype(dtype) for name, array in ARRAYS.items()}
    found = tensor_file.read(written(tmp_path, save(stored, {"about": "a remark"})), SHAPES)
    assert list(found) == list(SHAPES)
    for name, array in found.items():
        assert array.dtype == np.float32 and array.flags.c_contiguous and array.flags.writeable
        assert np.array_equal(array, stored[name].astype(np.float32))


@pytest.mark.parametrize("scale", [np.float16, np.float32])
def test_int8_is_multiplied_with_the_scale_of_its_row(tmp_path, scale):
    stored = quantised(ARRAYS)
    stored["matrix.scale"] = stored["matrix.scale"].astype(scale)
    found = tensor_file.read(written(tmp_path, save(stored)), SHAPES)
    wanted = stored["matrix"].astype(np.float32) * stored["matrix.scale"].astype(np.float32)[:, None]
    assert np.array_equal(found["matrix"], wanted) and np.array_equal(found["conv"], ARRAYS["conv"])


def test_no_more_memory_than_the_file_and_its_float32(tmp_path):
    arrays = {f"layer {i}": np.ones((256, 1024), np.float16) for i in range(8)}
    path, shapes = written(tmp_path, save(arrays)), {name: array.shape for name, array in arrays.items()}
    tracemalloc.start()
    found = tensor_file.read(path, shapes)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < path.stat().st_size + sum(array.nbytes for array in found.values())


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps({"weights": 1}))
    return out.getvalue()


WHOLE = file_of(*parts(ARRAYS))
HEADER = 8 + int.from_bytes(WHOLE[:8], "little")
LINE = {"dtype": "F32", "shape": [7], "data_offsets": [0, 28]}
GAPPED_ENTRIES = {
    name: line | {"data_offsets": [offset + 4 for offset in line["data_offsets"]]}
    for name, line in parts(ARRAYS)[0].items()
}
GAPPED = file_of(GAPPED_ENTRIES, b"\0" * 4 + parts(ARRAYS)[1])
DAMAGED = {
    "empty": (b"", "is not a safetensors file: it begins with b''"),
    "nothing but a length": (WHOLE[:8], "is not a safetensors file"),
    "header cut": (WHOLE[: HEADER - 5], "its header has [0-9]+ bytes; the file has"),
    "data cut": (WHOLE[:-1], r"tensor 'conv' lies at \[.*\], expected two of the 243 places"),
    "data appended": (WHOLE + b"\0", r"has [0-9]+ bytes, expected [0-9]+ where its last tensor ends"),
    "header length of 2**63": (file_of(b"{}", b"", 2**63), "header has 9223372036854775808 bytes"),
    "header larger than accepted": (file_of(b"{" + b" " * 2**20 + b"}", b""), "accepted are 1048576"),
    "header a list": (file_of(b"[]", b""), "is not a safetensors file"),
    "header not JSON": (file_of(b"{never", b""), "header that cannot be read"),
    "header not UTF-8": (file_of(b'{"\xff": 1}', b""), "header that cannot be read"),
    "header nested deeply": (file_of(b'{"a":' * 100_000, b""), "header that cannot be read"),
    "header with a long number": (file_of(b'{"a": ' + b"9" * 5000 + b"}", b""), "header that cannot be read"),
    "a name twice": (
        file_of(b'{"vector": %b, "vector": %b}' % ((json.dumps(LINE).encode(),) * 2), b"\0" * 28),
        "a name occurs twice",
    ),
    "a field twice": (file_of(b'{"vector": {"dtype": "F32", "dtype": "F32"}}', b""), "a name occurs twice"),
    "line no object": (file_of({"vector": 3}, b""), "'vector' must be described by a JSON object"),
    "line empty": (file_of({"vector": {}}, b""), "'vector' has dtype None"),
    **{
        f"dtype {dtype}": (changed(dtype=dtype), rf"'vector' has dtype {dtype!r}, accepted are F32, F16, I8")
        for dtype in ("I64", "F64", "BF16", "U8", "BOOL", "f32", "")
    },
    "dtype no text": (changed(dtype=["F32"]), r"has dtype \['F32'\]"),
    "dtype not of its bytes": (changed(dtype="F16"), "'vector' has 28 bytes, its shape 7 in F16 needs 14"),
    "shape negative": (changed(shape=[-7]), r"'vector' has shape \[-7\], expected a list of sizes"),
    "shape negative twice": (changed(shape=[-7, -1]), "expected a list of sizes"),
    "shape true": (changed(shape=[True] * 7), "expected a list of sizes"),
    "shape a fraction": (changed(shape=[7.0]), "expected a list of sizes"),
    "shape no list": (changed(shape=7), "expected a list of sizes"),
    "shape missing": (changed(shape=None), "expected a list of sizes"),
    "shape huge": (changed(shape=[2**40, 2**40]), "has 28 bytes, its shape .* needs 4835703278458516698824704"),
    "shape beyond all numbers": (changed(shape=[2**64]), "expected a list of sizes"),
    "shape of many dimensions": (changed(shape=[1] * 99), "expected a list of sizes"),
    "shape nested deeply": (
        file_of(json.dumps(parts(ARRAYS)[0]).encode().replace(b"[7]", b"[" * 950 + b"]" * 950), parts(ARRAYS)[1]),
        "(expected a list of sizes|cannot be read)",
    ),
    "shape another": (changed("matrix", shape=[5, 6]), "'matrix' has shape 5 x 6, the config asks for 6 x 5"),
    "shape flat": (changed("matrix", shape=[30]), "'matrix' has shape 30, the config asks for 6 x 5"),
    "places swapped": (changed(data_offsets=[148, 120]), "'vector' lies at"),
    "places negative": (changed(data_offsets=[-28, 0]), "'vector' lies at"),
    "places outside": (changed(data_offsets=[2**40, 2**40 + 28]), "'vector' lies at"),
    "places three": (changed(data_offsets=[120, 148, 160]), "'vector' lies at"),
    "places true": (changed(data_offsets=[False, True]), "'vector' lies at"),
    "places missing": (changed(data_offsets=None), "'vector' lies at"),
    "places shared": (changed(data_offsets=[0, 28]), "begins at byte"),
    "places overlapping": (changed(data_offsets=[116, 144]), "'vector' begins at byte .*, expected"),
    "places with a gap": (GAPPED, "'matrix' begins at byte .*, expected"),
    "a tensor missing": (file_of(*parts({"vector": ARRAYS["vector"]})), "'matrix' of shape 6 x 5 is missing"),
    "a tensor too many": (
        file_of(*parts(ARRAYS | {"lm_head.weight": np.ones(1, np.float32)})),
        "'lm_head.weight' is not of this model, one of 1 too many",
    ),
    "no tensor": (file_of({}, b""), "'matrix' of shape 6 x 5 is missing"),
    "scales without integers": (
        file_of(*parts(ARRAYS | {"matrix.scale": np.ones(6, np.float16)})),
        "'matrix.scale' is not of this model",
    ),
    "integers without scales": (
        file_of(*parts(ARRAYS | {"matrix": np.ones((6, 5), np.int8)})),
        "'matrix.scale' of shape 6 is missing",
    ),
    "scales of columns": (
        file_of(*parts(ARRAYS | {"matrix": np.ones((6, 5), np.int8), "matrix.scale": np.ones(5, np.float16)})),
        "'matrix.scale' has shape 5, the config asks for 6",
    ),
    "scales int8": (
        file_of(*parts(ARRAYS | {"matrix": np.ones((6, 5), np.int8), "matrix.scale": np.ones(6, np.int8)})),
        "'matrix.scale' has dtype I8, scales must be F16 or F32",
    ),
    "a value NaN": (
        file_of(*parts(ARRAYS | {"vector": np.array([0, np.nan, 0, 0, 0, 0, 0], np.float16)})),
        "'vector' has values that are not finite",
    ),
    "a value infinite": (
        file_of(*parts(ARRAYS | {"vector": np.array([0, 0, 0, 0, 0, 0, -np.inf], np.float32)})),
        "'vector' has values that are not finite",
    ),
    "a scale infinite": (
        file_of(*parts(ARRAYS | {"matrix": np.zeros((6, 5), np.int8), "matrix.scale": np.full(6, np.inf, np.float16)})),
        "'matrix' has values that are not finite",
    ),
    "a product infinite": (
        file_of(*parts(ARRAYS | {"matrix": np.ones((6, 5), np.int8) * 99, "matrix.scale": np.full(6, 3e38, "f4")})),
        "'matrix' has values that are not finite",
    ),
    "a torch checkpoint": (archive(), "not a safetensors file: it is a zip archive, as torch.save writes it"),
    **{
        f"a pickle of protocol {protocol}": (pickle.dumps({"weights": [1.0] * 99}, protocol), "it is a pickle")
        for protocol in (2, 3, 4, 5)
    },
    "a pickle of protocol 0": (pickle.dumps({"weights": [1.0] * 99}, 0), "not a safetensors file: it begins with"),
    "a pointer of Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointer of Git LFS"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_bad_file_is_refused_in_words(tmp_path, kind):
    data, reason = DAMAGED[kind]
    path = written(tmp_path, data)
    tracemalloc.start()
    with pytest.raises(BundleError, match=reason) as error:
        tensor_file.read(path, SHAPES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    said = str(error.value)
    assert said.startswith(f"bundle {tmp_path.name!r}: weights.safetensors") and len(said) < 300
    assert peak < 8 * 2**20, "what a file says must not be believed before it was checked"


def test_a_right_file_of_another_model_is_refused_before_it_is_read(tmp_path):
    path = written(tmp_path, WHOLE)
    with pytest.raises(BundleError, match="'matrix' has shape 6 x 5, the config asks for 1000000000 x 5"):
        tensor_file.read(path, SHAPES | {"matrix": (10**9, 5)})


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    (tmp_path / "folder.safetensors").mkdir()
    for name in ("folder.safetensors", "nothing.safetensors"):
        with pytest.raises(BundleError, match=f"{name} cannot be read"):
            tensor_file.read(tmp_path / name, SHAPES)


def test_a_file_that_becomes_shorter_while_it_is_read(tmp_path, monkeypatch):
    whole = save({"long": np.ones(2**16, np.float32)})
    path = written(tmp_path, whole)
    check = tensor_file._entries

    def check_and_cut(*arguments):
        entries = check(*arguments)
        path.write_bytes(whole[:-50])
        return entries

    monkeypatch.setattr(tensor_file, "_entries", check_and_cut)
    with pytest.raises(BundleError, match="ended in tensor 'long' while it was read"):
        tensor_file.read(path, {"long": (2**16,)})


QUANTISED = file_of(*parts(quantised(ARRAYS)))


@settings(max_examples=300, deadline=None)
@given(
    whole=st.sampled_from([WHOLE, QUANTISED]),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6),
    in_header=st.booleans(),
    cut=st.none() | st.floats(0, 1),
    tail=st.binary(max_size=4),
)
def test_any_damage_is_read_or_refused(tmp_path_factory, whole, flips, in_header, cut, tail):
    data = bytearray(whole)
    for place, value in flips:
        data[int(place * (HEADER if in_header else len(data)))] = value
    data = data if cut is None else data[: int(cut * len(data))]
    path = written(tmp_path_factory.getbasetemp(), bytes(data) + tail)
    tracemalloc.start()
    try:
        found = tensor_file.read(path, SHAPES)
    except BundleError:
        found = None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20
    if found is not None:
        assert {name: array.shape for name, array in found.items()} == SHAPES
        assert all(np.isfinite(array).all() for array in found.values())
