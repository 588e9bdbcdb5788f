"""Our own NPZ: exact round trips, and nothing but the typed error for damaged or hostile files."""

import io
import zipfile
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.motion import rotations as rot
from backend.motion.formats import npz
from backend.motion.formats.bounded_npz import ArraysError, Wanted, read_arrays
from backend.motion.formats.text import Limits
from backend.motion.motion import Motion
from backend.motion.skeleton import Skeleton, canonical


@pytest.fixture
def parts(tmp_path, random_motion):
    """The arrays of a written motion, and a function that writes a changed file."""
    path = tmp_path / "clip.npz"
    npz.write(path, random_motion(frames=5))
    with np.load(path) as archive:
        arrays = dict(archive)

    def write(drop=(), **changes):
        np.savez(path, **{k: v for k, v in {**arrays, **changes}.items() if k not in drop})
        return path

    return arrays, write


@pytest.mark.parametrize("kind", ["smpl22", "smplx52"])
@pytest.mark.parametrize("fps", [30, Fraction(24000, 1001)])
def test_round_trip(kind, fps, tmp_path, random_motion):
    motion = random_motion(canonical(kind), fps=fps)
    npz.write(tmp_path / "a.npz", motion)
    back = npz.read(tmp_path / "a.npz")
    assert np.array_equal(back.root, motion.root)
    assert np.allclose(back.rotations, motion.rotations, atol=1e-15)
    assert np.array_equal(back.contacts, motion.contacts)
    assert (back.fps, back.skeleton.kind, back.skeleton.names) == (motion.fps, kind, motion.skeleton.names)
    assert np.array_equal(back.skeleton.offsets, motion.skeleton.offsets)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_any_skeleton(tmp_path):
    skeleton = Skeleton("other", ("Hüfte", "b c", "手"), (-1, 0, 1), np.arange(9.0).reshape(3, 3))
    npz.write(tmp_path / "a.npz", Motion(skeleton, np.zeros((1, 3)), np.tile(rot.IDENTITY, (1, 3, 1)), 25))
    assert npz.read(tmp_path / "a.npz").skeleton.names == skeleton.names


def test_numpy_reads_it_without_pickle(parts):
    arrays, _ = parts
    assert arrays["fps"].tolist() == [30, 1]
    assert arrays["rotations"].shape == (5, 22, 4) and arrays["names"].dtype.kind == "U"


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"drop": ("root",)}, "lacks the array 'root'"),
        ({"format": np.array(2)}, "format 2; this build reads format 1"),
        ({"fps": np.array([30, 0])}, "positive"),
        ({"fps": np.array([5000, 1])}, "between 1 and 1000"),
        ({"fps": np.array([30.0, 1.0])}, "type"),
        ({"fps": np.array([30, 1, 1])}, r"'fps' is \(3,\); accepted: integer of shape \(2,\)"),
        ({"root": np.zeros((4, 3))}, "'rotations' has T = 5 where the arrays before it have 4"),
        ({"root": np.full((5, 3), np.nan)}, "NaN"),
        ({"rotations": np.zeros((5, 21, 4))}, "'rotations' has J = 21 where the arrays before it have 22"),
        ({"rotations": np.zeros((5, 22, 4), complex)}, "type"),
        ({"rotations": np.zeros((5, 22, 3))}, r"'rotations' is \(5, 22, 3\); accepted: float of shape \(T, J, 4\)"),
        ({"names": np.array(["a"] * 22)}, "name of its own"),
        ({"names": np.array([{"evil": 1}] * 22, dtype=object)}, "'names' holds Python objects.*never loaded"),
        ({"parents": np.array([-1] * 22)}, "one root"),
        ({"parents": np.array([-1] + [21] * 21)}, "parent|fixed"),
        ({"kind": np.array("smpl24"), "parents": np.array([-1] + [21] * 21)}, "before its children"),
        ({"kind": np.array("smplx52")}, "fixed names"),
        ({"offsets": np.full((22, 3), np.inf)}, "finite"),
        ({"contacts": np.zeros((5, 4))}, "type"),
        ({"root": np.zeros((0, 3)), "rotations": np.zeros((0, 22, 4)), "contacts": np.zeros((0, 4), bool)}, "0 frames"),
    ],
)
def test_errors(changes, says, parts):
    _, write = parts
    with pytest.raises(ArraysError, match=says):
        npz.read(write(**changes))


def test_other_files(tmp_path):
    for content in (b"", b"hello", b"PK\x03\x04" + b"x" * 50):
        path = tmp_path / "bad.npz"
        path.write_bytes(content)
        with pytest.raises(ArraysError, match="bad.npz"):
            npz.read(path)
    for path in (tmp_path / "none.npz", tmp_path):
        with pytest.raises(ArraysError, match="cannot be opened"):
            npz.read(path)


def test_a_header_that_promises_too_much_is_refused_before_memory_is_spent(parts):
    arrays, write = parts
    path = write(drop=("root",))
    for shape, says in (((10**12, 3), "frames; read are"), ((10**5, 3), "cut short"), ((-1, 3), "damaged header")):
        header = repr({"descr": "<f8", "fortran_order": False, "shape": shape}).encode()
        data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 24
        with zipfile.ZipFile(write(drop=("root",)), "a") as archive:
            archive.writestr("root.npy", data)
        with pytest.raises(ArraysError, match=says):
            npz.read(path)


@pytest.mark.parametrize(
    "limits, says",
    [
        (Limits(frames=4), "has 5 frames; read are 1 to 4"),
        (Limits(joints=21), "has 22 joints; read are 1 to 21"),
        (Limits(values=50), "all that may still be read"),
        (Limits(file_bytes=100), "at most 100 are read"),
    ],
)
def test_limits(limits, says, parts):
    _, write = parts
    with pytest.raises(ArraysError, match=says):
        npz.read(write(), limits)


def test_all_arrays_of_a_file_share_one_bound(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.zeros(30), b=np.zeros(30))
    wanted = {key: Wanted("f", (("N",),)) for key in "ab"}
    assert len(read_arrays(tmp_path / "a.npz", wanted, Limits(values=60))) == 2
    with pytest.raises(ArraysError, match=r"'b', \(30,\), has more than 29 numbers, all that may still be read"):
        read_arrays(tmp_path / "a.npz", wanted, Limits(values=59))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_files_never_raise_anything_else(tmp_path, random_motion, data):
    path = tmp_path / "fuzz.npz"
    if not path.exists():
        npz.write(path, random_motion(frames=2))
    stored = io.BytesIO()
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(stored, "w") as new,
    ):  # uncompressed, so that damage reaches arrays
        for name in old.namelist():
            content = bytearray(old.read(name))
            if data.draw(st.integers(0, 5)) == 0:
                at = data.draw(st.integers(0, min(len(content), 200)))
                content[at : at + data.draw(st.integers(0, 10))] = data.draw(st.binary(max_size=8))
            new.writestr(name, bytes(content))
    whole = bytearray(stored.getvalue())
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, len(whole)))
        whole[at : at + data.draw(st.integers(0, 10))] = data.draw(st.binary(max_size=8))
    other = tmp_path / "damaged.npz"
    other.write_bytes(bytes(whole))
    try:
        motion = npz.read(other)
    except ArraysError:
        return
    assert np.isfinite(motion.root).all() and np.isfinite(motion.rotations).all()


def test_a_failed_write_leaves_the_old_file(tmp_path, random_motion):
    with pytest.raises(OSError):
        npz.write(tmp_path / "no" / "such.npz", random_motion(frames=2))
    assert list(tmp_path.iterdir()) == []
