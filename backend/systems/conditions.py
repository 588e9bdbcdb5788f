"""The key poses of a request as codes."""

from __future__ import annotations

import numpy as np

from ..motion.skeleton import KINDS, Skeleton, canonical
from ..protocol import GenerateRequest
from .full_poses import full_poses
from .model import Model

UNSEEN = "the model does not see where a key pose stands or faces"


def codes_of_keys(model: Model, request: GenerateRequest) -> tuple[np.ndarray, tuple[str, ...]]:
    """The code (K,) of each key pose, and warnings; RequestError for a pose that has none."""
    poses, warnings = full_poses(request.keys, _skeleton(request), model.codec.kind)
    return model.key_codes(poses), (*warnings, UNSEEN)


def _skeleton(request: GenerateRequest) -> Skeleton:
    """The one that the keys are meant on."""
    if request.context is not None:
        return request.context.skeleton
    if request.skeleton is not None:
        return request.skeleton
    body = set(KINDS["smpl22"][0])
    return canonical("smpl22" if all(body.issuperset(key.joints) for key in request.keys) else "smplx52")
