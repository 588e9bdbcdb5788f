"""An animated body as one GLB: trimesh writes the mesh at rest, here a skeleton, a skin and the animation are added.

A skin alone does not hold the corrections that depend on the pose. They are in the file as morph targets, the few that
this motion needs (``body_corrections``).
"""

from __future__ import annotations

import json
import struct

import numpy as np

from backend.motion import rotations as rot
from backend.motion.body_model import SMPLX55_NAMES, BodyModel
from backend.motion.formats.text import write_bytes
from backend.motion.motion import Motion
from backend.motion.skeleton import SMPLX52_NAMES

from . import body_corrections
from .body_mesh import mesh_bytes, model_rotations, need_mesh, on_body

_JSON, _BINARY = 0x4E4F534A, 0x004E4942
_FLOAT, _UNSIGNED_SHORT = 5126, 5123
_PER_SET = 4  # influences in one pair of JOINTS_n and WEIGHTS_n
_MOST_SETS = 2


def export_animation(path, model: BodyModel, motion: Motion, betas=None) -> None:
    """The body moving, ``path`` a GLB (Y up, metres, seconds): one key a frame on every joint; written whole or not."""
    need_mesh(model)
    motion = on_body(model, motion, betas)
    document, binary = unpack(mesh_bytes(model.rest_vertices(betas).astype(np.float32), model.faces, "glb"))
    builder = _Builder(document, binary)
    joints = _add_skeleton(builder, model, betas)
    _add_skin(builder, model, joints, betas)
    rotations = model_rotations(model, motion)
    weights, displacements = body_corrections.shapes(model.pose_shapes, rot.to_matrix(rotations))
    _add_targets(builder, displacements)
    mixing = (builder.mesh_node, "weights", weights.reshape(-1), "SCALAR")
    _add_animation(builder, motion, [*_joint_channels(motion, rotations, joints), mixing])
    write_bytes(path, pack(document, bytes(builder.binary)))


def unpack(data: bytes) -> tuple[dict, bytes]:
    """GLB bytes -> JSON and binary chunk."""
    magic, version, _ = struct.unpack_from("<4sII", data)
    if magic != b"glTF" or version != 2:
        raise ValueError("not a GLB of version 2")
    size = struct.unpack_from("<I", data, 12)[0]
    binary_at = 20 + size
    length = struct.unpack_from("<I", data, binary_at)[0]
    return json.loads(data[20:binary_at]), data[binary_at + 8 : binary_at + 8 + length]


def pack(document: dict, binary: bytes) -> bytes:
    """JSON and binary chunk -> GLB bytes, each chunk padded to four bytes."""
    text = json.dumps(document, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    chunks = struct.pack("<II", len(text), _JSON) + text + struct.pack("<II", len(binary), _BINARY) + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


class _Builder:
    """A glTF document that arrays are added to."""

    def __init__(self, document: dict, binary: bytes):
        self.document, self.binary = document, bytearray(binary)

    def add(self, key: str, value: dict) -> int:
        """Append to a top-level list of the document; its index."""
        self.document.setdefault(key, []).append(value)
        return len(self.document[key]) - 1

    def accessor(self, array, type_name: str, bounds: bool = False) -> int:
        """Append float32 or uint16 numbers to the binary; ``bounds`` where the format asks for least and greatest."""
        array = np.ascontiguousarray(array)
        self.binary += b"\0" * (-len(self.binary) % 4)
        view = self.add("bufferViews", {"buffer": 0, "byteOffset": len(self.binary), "byteLength": array.nbytes})
        self.binary += array.tobytes()
        self.document["buffers"][0]["byteLength"] = len(self.binary)
        component = _FLOAT if array.dtype == np.float32 else _UNSIGNED_SHORT
        entry = {"bufferView": view, "componentType": component, "count": len(array), "type": type_name}
        if bounds:
            table = array.reshape(len(array), -1)
            entry |= {"min": table.min(axis=0).tolist(), "max": table.max(axis=0).tolist()}
        return self.add("accessors", entry)

    @property
    def mesh_node(self) -> int:
        """Index of the one node that holds the mesh."""
        return next(n for n, node in enumerate(self.document["nodes"]) if "mesh" in node)

    @property
    def mesh(self) -> dict:
        return self.document["meshes"][self.document["nodes"][self.mesh_node]["mesh"]]


def _add_skeleton(builder: _Builder, model: BodyModel, betas) -> list[int]:
    """One node a joint, at rest axes equal to the world's; the nodes' indices."""
    names = SMPLX55_NAMES if len(model.parents) == 55 else SMPLX52_NAMES
    places = model.joints(betas)
    first = len(builder.document["nodes"])
    nodes = []
    for j, parent in enumerate(model.parents):
        offset = places[j] - (places[parent] if parent >= 0 else 0.0)
        nodes.append(builder.add("nodes", {"name": names[j], "translation": offset.tolist()}))
    for j in range(len(nodes)):
        children = [first + c for c, p in enumerate(model.parents) if p == j]
        if children:
            builder.document["nodes"][nodes[j]]["children"] = children
    scene = builder.document["scenes"][builder.document.get("scene", 0)]
    scene["nodes"].append(nodes[0])
    return nodes


def _add_skin(builder: _Builder, model: BodyModel, joints: list[int], betas) -> None:
    """Joints and weights of every vertex, and the skin that binds the mesh at rest."""
    attributes = builder.mesh["primitives"][0]["attributes"]
    count = int(np.max(np.count_nonzero(model.weights, axis=1)))
    sets = min(_MOST_SETS, max(1, -(-count // _PER_SET)))
    order = np.argsort(-model.weights, axis=1, kind="stable")[:, : sets * _PER_SET]
    weights = np.take_along_axis(model.weights, order, axis=1)
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    order = np.where(weights > 0, order, 0).astype(np.uint16)
    for k in range(sets):
        part = slice(k * _PER_SET, (k + 1) * _PER_SET)
        attributes[f"JOINTS_{k}"] = builder.accessor(order[:, part], "VEC4")
        attributes[f"WEIGHTS_{k}"] = builder.accessor(weights[:, part], "VEC4")
    inverse = np.tile(np.eye(4, dtype=np.float32), (len(joints), 1, 1))
    inverse[:, 3, :3] = -model.joints(betas)  # column-major: the last row of the array is the translation
    matrices = builder.accessor(inverse.reshape(-1, 16), "MAT4")
    skin = builder.add("skins", {"inverseBindMatrices": matrices, "joints": joints, "skeleton": joints[0]})
    builder.document["nodes"][builder.mesh_node]["skin"] = skin


def _add_targets(builder: _Builder, displacements: np.ndarray) -> None:
    """Morph targets (K, V, 3), all off until the animation mixes them."""
    found = [builder.accessor(one.astype(np.float32), "VEC3", bounds=True) for one in displacements]
    builder.mesh["primitives"][0]["targets"] = [{"POSITION": accessor} for accessor in found]
    builder.mesh["weights"] = [0.0] * len(found)


def _joint_channels(motion: Motion, rotations: np.ndarray, joints: list[int]) -> list[tuple]:
    """(node, what is animated, a value a frame, type) for the root's path and the rotations of all joints."""
    ordered = rot.continuous(rotations)[..., [1, 2, 3, 0]]
    turning = [(node, "rotation", ordered[:, j], "VEC4") for j, node in enumerate(joints)]
    return [(joints[0], "translation", motion.root, "VEC3"), *turning]


def _add_animation(builder: _Builder, motion: Motion, animated: list[tuple]) -> None:
    """One animation of all channels, linear between the frames."""
    seconds = (np.arange(len(motion)) / float(motion.fps)).astype(np.float32)
    times = builder.accessor(seconds, "SCALAR", bounds=True)
    samplers, channels = [], []
    for node, path, values, type_name in animated:
        output = builder.accessor(values.astype(np.float32), type_name)
        channels.append({"sampler": len(samplers), "target": {"node": node, "path": path}})
        samplers.append({"input": times, "interpolation": "LINEAR", "output": output})
    builder.add("animations", {"name": "motion", "samplers": samplers, "channels": channels})
