"""What a character made from an SMPL-X or SMPL-H model remembers of it: its joints, and how they move with the betas.

It stays with the mesh, so that the model's file is needed only once. Body models are the user's own and licensed to
them: what is kept is a few thousand numbers that the armature and the shape keys show anyway.
"""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np

from ...backend.motion.body_model import SMPLX55_PARENTS, BodyModel
from ...backend.motion.skeleton import SMPLX52_PARENTS
from ..refusal import Refusal

PROPERTY = "posewright_body"
_PARENTS = {55: SMPLX55_PARENTS, 52: SMPLX52_PARENTS}


def shape_key(number: int) -> str:
    """Name of the shape key of a beta, as the SMPL-X add-on has it."""
    return f"Shape{number:03d}"


def remember(mesh: bpy.types.Mesh, model: BodyModel, shapes: int) -> None:
    """Keep the model's joints and the first ``shapes`` directions in which they move."""
    joints = model.joints_alone(shapes)
    mesh[PROPERTY] = {
        "file": model.path.name,
        "joints": len(joints.parents),
        "template": joints.template.ravel().tolist(),
        "shapes": joints.shapes.ravel().tolist(),
    }


def mesh_of(rig: bpy.types.Object) -> bpy.types.Object | None:
    """The object under ``rig`` whose mesh was made from a body model."""
    return next((o for o in rig.children if o.type == "MESH" and PROPERTY in o.data), None)


def known(rig: bpy.types.Object) -> BodyModel | None:
    """The body model that ``rig`` was made from, if it was."""
    mesh = mesh_of(rig)
    return None if mesh is None else body_of(mesh.data)


def body_of(mesh: bpy.types.Mesh) -> BodyModel:
    """The model as it was remembered, its vertices being its joints."""
    kept = mesh[PROPERTY]
    try:
        count = int(kept["joints"])
        template = np.array(kept["template"], float).reshape(count, 3)
        shapes = np.array(kept["shapes"], float).reshape(count, 3, -1)
        parents = _PARENTS[count]
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal(
            f"What '{mesh.name}' remembers of its body model is damaged. Add the character again from its file."
        ) from error
    own = np.eye(count)
    return BodyModel(Path(str(kept.get("file", mesh.name))), template, shapes, own, parents, own)


def gender_of(model: BodyModel) -> str:
    """As the model's file is named: SMPLX_FEMALE.npz, or as an AMASS file may say it; neutral where it says nothing."""
    return next((g for g in ("female", "male") if g in model.path.name.lower()), "neutral")


def betas_of(mesh: bpy.types.Mesh) -> np.ndarray:
    """(S,) the values of the shape keys now; 0 where the key was muted or removed."""
    keys = mesh.shape_keys.key_blocks if mesh.shape_keys is not None else {}
    named = [keys.get(shape_key(k)) for k in range(body_of(mesh).shapes.shape[2])]
    return np.array([0.0 if key is None or key.mute else key.value for key in named])
