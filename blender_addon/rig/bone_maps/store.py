"""Bone maps as files: the user's presets, one a kind of rig, and those that are saved and loaded by hand.

The presets stand in Blender's own data folder: that of the extension is deleted when it is uninstalled.
"""

from __future__ import annotations

import json
from pathlib import Path

import bpy

from ...backend.motion import bone_map_json
from ...backend.motion.bone_map import BoneMap
from ...backend.motion.formats.text import FormatError, read_text, write_bytes
from ..refusal import Refusal

_MOST_BYTES = 2**20
"""ten times a map of all slots with controls and a calibration"""


def read(path) -> BoneMap:
    """A bone map file; Refusal names a file that is none and says what is wrong with it."""
    path = Path(path)
    try:
        return bone_map_json.from_dict(json.loads(read_text(path, FormatError, _MOST_BYTES)))
    except FormatError as error:
        raise Refusal(f"{error}. It was looked for in {path.parent}.") from error
    except (ValueError, RecursionError) as error:
        raise Refusal(f"'{path.name}' in {path.parent} is not a bone map of Posewright: {error}.") from error


def write(path, bone_map: BoneMap) -> None:
    """Write the file whole or not at all; Refusal where the folder takes no file."""
    text = json.dumps(bone_map_json.to_dict(bone_map), indent=1, ensure_ascii=False)
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, text.encode("utf-8"))
    except OSError as error:
        raise Refusal(f"'{path}' cannot be written: {error.strerror}. Choose another folder.") from error


def preset_file(fingerprint: str) -> Path:
    """Where the user's preset for rigs with this fingerprint stands, if there is one."""
    folder = bpy.utils.user_resource("DATAFILES", path="posewright/bone_maps")
    if not folder:
        raise Refusal("This Blender has no folder for your presets. Save the bone map to a file instead.")
    return Path(folder) / f"{fingerprint}.json"


def preset(fingerprint: str) -> BoneMap | None:
    """The user's preset; None = there is none. Refusal for a file there that cannot be read."""
    path = preset_file(fingerprint)
    return read(path) if path.exists() else None


def save_preset(fingerprint: str, bone_map: BoneMap) -> Path:
    """Make this the user's preset. Refusal where a file stands that is not one: it is not ours to overwrite."""
    path = _ours(fingerprint)
    write(path, bone_map)
    return path


def forget_preset(fingerprint: str) -> None:
    """Delete the user's preset; Refusal as from ``save_preset``."""
    _ours(fingerprint).unlink(missing_ok=True)


def _ours(fingerprint: str) -> Path:
    try:
        preset(fingerprint)
    except Refusal as refusal:
        raise Refusal(f"{refusal} Move that file away, then try again.") from refusal
    return preset_file(fingerprint)
