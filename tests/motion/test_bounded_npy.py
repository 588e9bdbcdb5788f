"""One array out of a file that others wrote."""

import numpy as np
import pytest

from backend.motion.formats.bounded_npy import ArraysError, Wanted, read_array
from backend.motion.formats.text import Limits

ACCEPTED = Wanted("f", (("T", 3), ("T", 2, 3)))


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_comes_back_as_float64_whatever_its_order(tmp_path, dtype, order):
    array = np.arange(12, dtype=dtype).reshape(2, 2, 3).copy(order)
    np.save(tmp_path / "a.npy", array)
    found = read_array(tmp_path / "a.npy", ACCEPTED)
    assert found.dtype == np.float64 and found.flags.c_contiguous and np.array_equal(found, array)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((4, 4)), r"\(4, 4\); accepted: float of shape \(T, 3\) or \(T, 2, 3\)"),
        (np.zeros((4, 3), complex), "'<c16'; accepted"),
        (np.zeros((4, 3), [("x", "f4")]), "accepted"),
        (np.array([["a", "b", "c"]], dtype=object), "a pickle"),
        (np.array([[0.0, np.inf, 0.0]]), r"the first at index \(0, 1\)"),
    ],
)
def test_what_is_not_accepted_is_named_with_its_file(tmp_path, array, reason):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(ArraysError, match=f"^a.npy: the array .*{reason}"):
        read_array(tmp_path / "a.npy", ACCEPTED)


def test_a_file_that_is_missing_too_large_or_none_is_named(tmp_path):
    with pytest.raises(ArraysError, match="a.npy: cannot be opened"):
        read_array(tmp_path / "a.npy", ACCEPTED)
    np.save(tmp_path / "a.npy", np.zeros((4, 3)))
    with pytest.raises(ArraysError, match="has 224 bytes; at most 100 are read"):
        read_array(tmp_path / "a.npy", ACCEPTED, Limits(file_bytes=100))
    for data in (b"", b"\x93NUMPY\x02\x00", b"\x93NUMPY\x01\x00\xff\xff{", b"PK\3\4"):
        (tmp_path / "a.npy").write_bytes(data)
        with pytest.raises(ArraysError, match="no plain header"):
            read_array(tmp_path / "a.npy", ACCEPTED)
