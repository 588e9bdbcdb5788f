"""What a file is that is no checkpoint of ``torch.save``, told from its first bytes."""

from __future__ import annotations

LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""how torch.save began a file before it wrote zip archives"""
ZIP = b"PK\x03\x04"
HEAD = 512
"""bytes that ``name`` needs"""

_BEGINNINGS = {
    b"version https://git-lfs": "a pointer of Git LFS instead of the file (git lfs pull fetches it)",
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"7z\xbc\xaf'\x1c": "a 7-Zip archive; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"GGUF": "a GGUF file",
    b"\x80": "a pickle that torch.save did not write, which is never opened: it could run a program",
}
_PAGES = (b"<!doctype", b"<html", b"<?xml")


def name(head: bytes) -> str | None:
    """What begins with the bytes ``head``, in words; None where it can be a checkpoint."""
    if head.startswith((LEGACY, ZIP)):
        return None
    if head[257:262] == b"ustar":
        return "a tar archive, whatever its name; unpack it first"
    if head[8:9] == b"{":
        return "a safetensors file, which needs no import"
    if head.lstrip().lower().startswith(_PAGES):
        return "a web page: the download was refused or asks for a confirmation"
    if not head:
        return "an empty file"
    for begin, what in _BEGINNINGS.items():
        if head.startswith(begin):
            return what
    return f"of an unknown kind, it begins with {head[:8]}"
