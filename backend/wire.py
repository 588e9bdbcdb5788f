"""How values travel: arrays, frame rates, skeletons and motions as JSON, and the error for those that do not fit.

The add-on imports this file too, so it needs the standard library, numpy and ``motion`` alone.
"""

from __future__ import annotations

import base64
import binascii
import math
from contextlib import contextmanager
from fractions import Fraction

import numpy as np

from .motion.motion import Motion, as_rate, believed
from .motion.skeleton import Skeleton

# JSON-RPC's own codes; CANCELLED is the Language Server Protocol's
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603
SERVER_ERROR, CANCELLED = -32000, -32800

ARRAY_TYPES = ("<f4", "<f8", "<f2", "<i2", "<i4", "<i8", "|u1", "|b1")
MAX_ARRAY_BYTES = 32 * 2**20
MAX_JOINTS = 512
MAX_NAME = 128

UPDATE = "Use the add-on and the backend of the same Posewright version."


class RequestError(ValueError):
    """A request that cannot be served, in words for the animator. ``kind`` is one word a program can test; ``action``
    says what to click or change."""

    def __init__(self, kind: str, message: str, action: str, code: int = INVALID_PARAMS):
        super().__init__(message)
        self.kind, self.action, self.code = kind, action, code

    def to_dict(self) -> dict:
        """The ``error`` member of a JSON-RPC response."""
        return {"code": self.code, "message": str(self), "data": {"kind": self.kind, "action": self.action}}

    @classmethod
    def from_dict(cls, d: dict) -> RequestError:
        data = d.get("data") or {}
        return cls(
            str(data.get("kind", "internal")),
            str(d.get("message", "the backend gave no reason")),
            str(data.get("action", "")),
            int(d.get("code", INTERNAL_ERROR)),
        )


@contextmanager
def reading(what: str):
    """Whatever a malformed dict does to the code that reads it becomes one RequestError that names the part."""
    try:
        yield
    except RequestError:
        raise
    except KeyError as error:
        raise RequestError("bad_request", f"{what}: {error.args[0]!r} is missing", UPDATE) from error
    except (TypeError, ValueError, AttributeError, OverflowError, ZeroDivisionError) as error:
        raise RequestError("bad_request", f"{what}: {error}", UPDATE) from error


def shown(value) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def is_number(value) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def encode_array(array) -> dict:
    """An array as {"dtype", "shape", "b64"}, little-endian, C order; ValueError for a dtype that does not travel."""
    array = np.asarray(array)
    little = array.dtype.newbyteorder("<")
    if little.str not in ARRAY_TYPES:
        raise ValueError(f"arrays of {array.dtype} do not travel; accepted: {', '.join(ARRAY_TYPES)}")
    data = np.ascontiguousarray(array, little).tobytes()
    return {"dtype": little.str, "shape": list(array.shape), "b64": base64.b64encode(data).decode("ascii")}


def decode_array(d: dict, max_bytes: int = MAX_ARRAY_BYTES) -> np.ndarray:
    """The array of ``encode_array`` (writable). Its type, shape and byte size are checked before anything is allocated;
    RequestError says which does not fit."""
    with reading("array"):
        dtype, shape, text = d["dtype"], d["shape"], d["b64"]
        if dtype not in ARRAY_TYPES:
            raise ValueError(f"dtype {shown(dtype)} is not one of {', '.join(ARRAY_TYPES)}")
        whole = isinstance(shape, list) and len(shape) <= 4 and all(type(n) is int and n >= 0 for n in shape)
        if not whole:
            raise ValueError(f"shape must be up to 4 whole numbers, got {shown(shape)}")
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size > max_bytes:
            raise ValueError(f"{size} bytes are more than the accepted {max_bytes}")
        if not isinstance(text, str) or len(text) != 4 * math.ceil(size / 3):
            found = len(text) if isinstance(text, str) else type(text).__name__
            raise ValueError(f"shape {shape} of {dtype} needs {4 * math.ceil(size / 3)} characters, got {found}")
        try:
            data = base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError(f"not base64: {error}") from error
        if len(data) != size:
            raise ValueError(f"shape {shape} of {dtype} needs {size} bytes, got {len(data)}")
        return np.frombuffer(data, dtype).reshape(shape).copy()


def encode_rate(fps: Fraction) -> list[int]:
    return [fps.numerator, fps.denominator]


def decode_rate(value) -> Fraction:
    """[num, den], or one number (23.976 means 24000/1001); RequestError of kind ``bad_fps`` otherwise."""
    action = "Set a scene frame rate between 1 and 1000 frames a second."
    pair = isinstance(value, (list, tuple)) and len(value) == 2 and all(is_number(v) for v in value)
    if not (pair or is_number(value) or isinstance(value, Fraction)):
        raise RequestError("bad_fps", f"frame rate must be a number or [num, den], got {shown(value)}", action)
    try:
        return as_rate(value)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise RequestError("bad_fps", f"frame rate {shown(value)} is not usable: {error}", action) from error


def decode_skeleton(d: dict) -> Skeleton:
    with reading("skeleton"):
        if not 1 <= len(d["names"]) <= MAX_JOINTS or not all(
            isinstance(n, str) and len(n) <= MAX_NAME for n in d["names"]
        ):
            raise ValueError(f"1 to {MAX_JOINTS} joint names of up to {MAX_NAME} characters are accepted")
        return Skeleton.from_dict(d)


def encode_motion(motion: Motion) -> dict:
    """A Motion with its arrays as float32: 300 frames x 22 joints are 145 KB of text."""
    return {
        "skeleton": motion.skeleton.to_dict(),
        "fps": encode_rate(motion.fps),
        "root": encode_array(motion.root.astype("<f4")),
        "rotations": encode_array(motion.rotations.astype("<f4")),
        "contacts": encode_array(motion.contacts),
    }


def decode_motion(d: dict) -> Motion:
    """The Motion of ``encode_motion``; RequestError says which part does not fit."""
    with reading("motion"):
        contacts = d.get("contacts")
        motion = Motion(
            decode_skeleton(d["skeleton"]),
            decode_array(d["root"]),
            decode_array(d["rotations"]),
            decode_rate(d["fps"]),
            None if contacts is None else decode_array(contacts),
        )
        return believed(motion)
