"""The messages between the add-on and the backend: dataclasses with ``to_dict``/``from_dict`` and one version.

JSON-RPC 2.0. Requests: ``initialize``, ``motion/generate`` (``GenerateRequest`` -> ``GenerateAnswer``; before the
answer one ``motion/take`` notification a take), ``motion/describe`` (``DescribeRequest`` -> measured facts, and
captions where the bundle gives them), ``models/list``, ``models/load``, ``shutdown``.
Notifications: ``$/progress`` (``Progress``) from the backend, ``$/cancelRequest`` {"id"} to it.
Every error carries data {"kind", "action"}: what went wrong in one word, and what the animator can click or change.
What a side does not know of a message it ignores, what it does not find has its default: fields may be added without
another version.
The add-on imports this package, so it needs the standard library, numpy, ``motion`` and ``wire`` (how values travel).
"""

from __future__ import annotations

from collections.abc import Callable

from ..wire import RequestError
from .describe import DescribeRequest
from .generate import Context, GenerateRequest, Segment
from .limits import LIMITS, Limits
from .messages import GenerateAnswer, Progress, ServerInfo, Take
from .report import PoseError, Report

PROTOCOL_VERSION = 1
POSEWRIGHT_VERSION = "0.1.0"

ProgressCall = Callable[[str, float], None]
"""(stage, fraction 0..1)"""
CancelledCall = Callable[[], bool]

__all__ = [
    "LIMITS", "POSEWRIGHT_VERSION", "PROTOCOL_VERSION", "CancelledCall", "Context", "DescribeRequest", "GenerateAnswer",
    "GenerateRequest", "Limits", "PoseError", "Progress", "ProgressCall", "Report", "RequestError", "Segment",
    "ServerInfo", "Take",
]  # fmt: skip
