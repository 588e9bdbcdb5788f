"""The humanoid tables of VRM 0 and 1, and files whose table cannot be used."""

import json
import struct

import pytest

from backend.motion.formats.vrm import VrmError, humanoid_table

NODES = [{"name": "Root"}, {"name": "b1"}, {"name": "twin"}, {"name": "twin"}, {}]
PLACES = {"hips": 1, "spine": 2, "head": 4}
OLD = {"VRM": {"humanoid": {"humanBones": [{"bone": bone, "node": node} for bone, node in PLACES.items()]}}}
NEW = {"VRMC_vrm": {"humanoid": {"humanBones": {bone: {"node": node} for bone, node in PLACES.items()}}}}


def written(path, tree, length=None):
    text = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    head = struct.pack("<4sII", b"glTF", 2, 20 + len(text)) + struct.pack("<I4s", length or len(text), b"JSON")
    path.write_bytes(head + text)
    return path


@pytest.mark.parametrize("extensions", [OLD, NEW], ids=["VRM 0", "VRM 1"])
def test_names_that_tell_bones_apart(tmp_path, extensions):
    assert humanoid_table(written(tmp_path / "a.vrm", {"nodes": NODES, "extensions": extensions})) == {"b1": "hips"}


def test_files_without_a_table(tmp_path):
    assert humanoid_table(written(tmp_path / "a.glb", {"nodes": NODES})) == {}
    for content in (b"", b"glTF", b"Kaydara FBX Binary", b'{"asset": {}}'):
        (tmp_path / "b.fbx").write_bytes(content)
        assert humanoid_table(tmp_path / "b.fbx") == {}


@pytest.mark.parametrize(
    "tree",
    [
        b"{", b"\xff\xfe", b"[" * 100_000, b"[]", {"extensions": {"VRM": 1}},
        {"nodes": NODES, "extensions": {"VRMC_vrm": {"humanoid": {"humanBones": {"hips": {"node": 99}}}}}},
        {"nodes": NODES, "extensions": {"VRM": {"humanoid": {"humanBones": [{"bone": [], "node": 1}]}}}},
    ],
)  # fmt: skip
def test_broken_tables_are_named(tmp_path, tree):
    with pytest.raises(VrmError, match="bad.vrm: its table of humanoid bones cannot be read"):
        humanoid_table(written(tmp_path / "bad.vrm", tree))


def test_more_than_is_read(tmp_path):
    with pytest.raises(VrmError, match="at most"):
        humanoid_table(written(tmp_path / "big.vrm", {}, length=2**31))
    with pytest.raises(VrmError, match="cannot be opened"):
        humanoid_table(tmp_path / "none.vrm")
