"""Files from elsewhere: what is opened, what is refused, and that nothing in them runs."""

import io
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from training.importing import guarded, manifest  # noqa: E402

MOST = 2**20


class Program:
    """What a hostile pickle asks for: to create a file when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def saved(path: Path, content, zipped=True) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


@pytest.fixture
def good():
    return {"net": {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(4, dtype=torch.float16)}, "epoch": 3}


@pytest.mark.parametrize("zipped", [True, False])
def test_both_formats_of_torch_save_are_read(zipped, good, tmp_path):
    found = guarded.read(saved(tmp_path / "net.pth", good, zipped), MOST)
    assert found["epoch"] == 3 and all(torch.equal(found["net"][name], good["net"][name]) for name in "ab")


@pytest.mark.parametrize("zipped", [True, False])
def test_no_program_runs(zipped, tmp_path):
    trap = tmp_path / "it ran"
    path = saved(tmp_path / "net.pth", {"net": {"a": torch.ones(2)}, "state": Program(trap)}, zipped)
    with pytest.raises(ValueError, match=r"net.pth asks for \w+.mkdir, .* could run a program") as caught:
        guarded.read(path, MOST)
    assert not trap.exists() and "trust" not in str(caught.value)  # torch's own words advise to open it all the same


def test_modules_arrays_and_programs_are_refused(tmp_path):
    with pytest.raises(ValueError, match="asks for torch.nn.modules.linear.Linear"):
        guarded.read(saved(tmp_path / "a.pth", torch.nn.Linear(2, 2)), MOST)
    with pytest.raises(ValueError, match="asks for numpy"):
        guarded.read(saved(tmp_path / "b.pth", {"a": np.ones(2)}), MOST)
    with pytest.raises(ValueError, match="holds one list, wanted is a dict"):
        guarded.read(saved(tmp_path / "c.pth", [torch.ones(2)]), MOST)
    with zipfile.ZipFile(tmp_path / "d.pt", "w") as archive:
        archive.writestr("d/data.pkl", b"")
        archive.writestr("d/constants.pkl", b"")
    with pytest.raises(ValueError, match="TorchScript program, which is never opened"):
        guarded.read(tmp_path / "d.pt", MOST)


def tar() -> bytes:
    with io.BytesIO() as stream:
        with tarfile.open(fileobj=stream, mode="w") as archive:
            archive.addfile(tarfile.TarInfo("net.pth"))
        return stream.getvalue()


def array() -> bytes:
    with io.BytesIO() as stream:
        np.save(stream, np.ones(3))
        return stream.getvalue()


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", "is an empty file"),
        (b"<!DOCTYPE html><title>Google Drive - Quota exceeded", "is a web page"),
        (b"\n <HTML>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "a pointer of Git LFS"),
        (b"\x1f\x8b\x08\x00", "a gzip archive; unpack it first"),
        (tar(), "a tar archive, whatever its name; unpack it first"),
        (array(), "a NumPy array"),
        ((2).to_bytes(8, "little") + b"{}", "a safetensors file, which needs no import"),
        (pickle.dumps({"a": 1}), "a pickle that torch.save did not write, which is never opened"),
        (b"GIF89a", "of an unknown kind, it begins with b'GIF89a'"),
    ],
)
def test_other_files_are_named(content, says, tmp_path):
    (tmp_path / "net.tar").write_bytes(content)
    with pytest.raises(ValueError, match="^net.tar is ") as caught:
        guarded.read(tmp_path / "net.tar", MOST)
    assert says in str(caught.value) and "wanted is a checkpoint as torch.save writes it" in str(caught.value)


def test_an_archive_around_checkpoints_says_what_is_in_it(tmp_path):
    with zipfile.ZipFile(tmp_path / "VQTrans_pretrained.zip", "w") as archive:
        archive.writestr("VQVAE/net_last.pth", b"")
        archive.writestr("VQVAE/run.log", b"")
    with pytest.raises(ValueError, match="no checkpoint; unpack it and import VQVAE/net_last.pth$"):
        guarded.read(tmp_path / "VQTrans_pretrained.zip", MOST)


def test_size_is_checked_before_anything_is_read(good, tmp_path):
    path = saved(tmp_path / "net.pth", good)
    with pytest.raises(ValueError, match="net.pth has [0-9,]+ bytes, at most 100 are accepted"):
        guarded.read(path, 100)
    with pytest.raises(ValueError, match="there is no file"):
        guarded.read(tmp_path, MOST)


def repacked(source: Path, target: Path, **options) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", **options) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return target


def test_archives_that_unfold_are_refused(good, tmp_path, monkeypatch):
    path = saved(tmp_path / "net.pth", good)
    squeezed = repacked(path, tmp_path / "squeezed.pth", compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="squeezed.pth is a compressed zip archive"):
        guarded.read(squeezed, MOST)
    content = bytearray(path.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 20 : entry + 28] = 2 * (2**31).to_bytes(4, "little")  # sizes of the last entry
    (tmp_path / "boasting.pth").write_bytes(content)
    with pytest.raises(ValueError, match="boasting.pth says that it holds more than its"):
        guarded.read(tmp_path / "boasting.pth", MOST)
    monkeypatch.setattr(guarded, "MAX_PICKLE_BYTES", 20)
    with pytest.raises(ValueError, match="net.pth has more than 20 bytes of names"):
        guarded.read(path, MOST)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("zipped", [True, False])
def test_damage_is_a_value_error(zipped, good, tmp_path):
    content = saved(tmp_path / "net.pth", good, zipped).read_bytes()
    path, draw = tmp_path / "damaged.pth", np.random.default_rng(0)
    for end in draw.integers(1, len(content), 30):
        path.write_bytes(content[:end])
        with pytest.raises(ValueError, match="^damaged.pth "):
            guarded.read(path, MOST)
    for _ in range(150):
        changed = bytearray(content)
        for place in draw.integers(0, len(content), 3):
            changed[place] = draw.integers(256)
        path.write_bytes(changed)
        try:  # a changed number or name is still a checkpoint
            guarded.read(path, MOST)
        except ValueError as error:
            assert str(error).startswith("damaged.pth ") and "\n" not in str(error)


@pytest.mark.parametrize(
    "value, says",
    [
        ("text", "'a' is a value of type str"),
        ({"b": torch.ones(2)}, "'a' is a value of type dict"),
        (torch.ones(2, dtype=torch.int64), "'a' is a tensor of int64"),
        (torch.ones(2).to_sparse(), "'a' is a tensor of float32 (sparse_coo, cpu)"),
        (torch.ones(2, device="meta"), "'a' is a tensor of float32 (strided, meta)"),
    ],
)
def test_only_plain_tensors_are_taken(value, says):
    with pytest.raises(ValueError, match="wanted is a tensor of plain numbers") as caught:
        guarded.tensors({"a": value}, "the part 'net'")
    assert f"the part 'net': {says}" in str(caught.value)


def test_a_part_that_is_no_dict_of_names():
    with pytest.raises(ValueError, match="the part 'net' is a value of type int, wanted is a dict"):
        guarded.tensors(3, "the part 'net'")
    with pytest.raises(ValueError, match="an entry under a value of type int, names are texts"):
        guarded.tensors({3: torch.ones(2)}, "the part 'net'")


def test_a_tensor_that_claims_more_than_its_file_holds_costs_nothing(tmp_path):
    path = saved(tmp_path / "net.pth", {"a": torch.zeros(1).expand(2**20, 2**20)})
    tensors = guarded.tensors(guarded.read(path, MOST), "the file")
    with pytest.raises(ValueError, match="'a' has shape 1048576 x 1048576, wanted is 4"):  # a copy has 4 TB
        manifest.take(tensors, {"a": (4,)})
