"""The humanoid table of a VRM file: a binary glTF that says which of its nodes is which part of a body."""

from __future__ import annotations

import json
from pathlib import Path

from .text import FormatError, check_file

_FILE_BYTES, _JSON_BYTES = 2**30, 2**26


class VrmError(FormatError):
    """A binary glTF whose humanoid table cannot be read."""


def humanoid_table(path) -> dict[str, str]:
    """Name of a node -> what it is ("leftUpperLeg"), of VRM 0 and 1; empty for a file of any kind that has no such
    table. Names that several nodes have are left out, since they say too little. VrmError says what is wrong."""
    check_file(path, VrmError, _FILE_BYTES)
    with Path(path).open("rb") as file:
        head = file.read(20)
        if head[:4] != b"glTF" or head[16:] != b"JSON":
            return {}
        length = int.from_bytes(head[12:16], "little")
        if length > _JSON_BYTES:
            raise VrmError(path, None, f"has {length:,} bytes of JSON; at most {_JSON_BYTES:,} are read")
        data = file.read(length)
    try:
        return _table(json.loads(data))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise VrmError(path, None, f"its table of humanoid bones cannot be read ({error!r})") from error


def _table(tree: dict) -> dict[str, str]:
    extensions = tree.get("extensions", {})
    if "VRMC_vrm" in extensions:  # VRM 1
        bones = extensions["VRMC_vrm"]["humanoid"]["humanBones"]
        nodes = {label: bone["node"] for label, bone in bones.items()}
    elif "VRM" in extensions:
        nodes = {bone["bone"]: bone["node"] for bone in extensions["VRM"]["humanoid"]["humanBones"]}
    else:
        return {}
    names = [node.get("name") for node in tree["nodes"]]
    labels = {names[node]: label for label, node in nodes.items()}
    return {name: label for name, label in labels.items() if name is not None and names.count(name) == 1}
