"""What all readers ask of a file before they spend memory on it."""

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.motion.formats import bounded_npy, bounded_npz, text
from backend.motion.formats.bounded_npy import Wanted
from backend.motion.formats.text import FormatError, Limits

READERS = {
    "text": lambda path: text.read_text(path, FormatError, 1000),
    "npy": lambda path: bounded_npy.read_array(path, Wanted("f", (("T",),)), Limits(file_bytes=1000)),
    "npz": lambda path: bounded_npz.read_arrays(path, {}, Limits(file_bytes=1000)),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_only_regular_files_are_opened(read, tmp_path):
    """A pipe would be waited for, a device read until memory ends; links to either are no better."""
    places = [tmp_path]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "to_pipe").symlink_to("pipe")
        places += [tmp_path / "pipe", tmp_path / "to_pipe"]
    if Path("/dev/zero").exists():
        (tmp_path / "to_zero").symlink_to("/dev/zero")
        places.append(tmp_path / "to_zero")
    for path in places:
        with pytest.raises(FormatError, match="cannot be opened \\(it is no regular file\\)"):
            read(path)
    with pytest.raises(FormatError, match="cannot be opened \\(No such file"):
        read(tmp_path / "none")
    (tmp_path / "large").write_bytes(b"1" * 1001)
    with pytest.raises(FormatError, match="has 1,001 bytes; at most 1,000 are read"):
        read(tmp_path / "large")


def test_links_to_files_are_followed(tmp_path):
    (tmp_path / "file").write_text("1\r\n2")
    (tmp_path / "link").symlink_to("file")
    assert READERS["text"](tmp_path / "link") == "1\n2"
    with zipfile.ZipFile(tmp_path / "empty", "w"):
        pass
    assert READERS["npz"](tmp_path / "empty") == {}


def test_no_more_is_read_than_allowed_whatever_size_is_told():
    endless = Path("/proc/self/environ")
    if not endless.exists() or endless.stat().st_size or len(endless.read_bytes()) < 2:
        pytest.skip("no file here is longer than it says")
    with pytest.raises(FormatError, match="has 2 bytes; at most 1 are read"):
        text.read_bytes(endless, FormatError, 1)


@given(st.lists(st.sampled_from(["1", "23.5", " ", "\n", "\t", "\x1c", "  \n"])), st.integers(0, 5))
def test_pieces_are_cut_between_words(words, start):
    whole = "".join(words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_PIECE", 4)
        found = list(text.pieces(whole, start))
    assert [word for _, piece in found for word in piece.split()] == whole[start:].split()
    assert all(whole[at : at + len(piece)] == piece for at, piece in found)
