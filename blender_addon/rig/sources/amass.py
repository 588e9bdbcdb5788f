"""The SMPL parameters of AMASS files to motions and back, on the body that the rig was made from if it was."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np

from ...backend.motion import kinematics, retarget, smplx_io
from ...backend.motion import rotations as rot
from ...backend.motion.anatomy import canonical_frames, rest_frames
from ...backend.motion.body_model import BodyModel
from ...backend.motion.motion import Motion
from ...backend.motion.skeleton import Skeleton, canonical
from ..bones import RigPose
from ..smplx import body as smplx_body

_FLAT = 1e-4
"""radians: hands that turn no joint by more say nothing, and the rig's fingers get a shape instead"""


def read(path, body: BodyModel | None) -> Motion:
    """The motion of a file. ``body``: of the rig that it is for, if it was made from a model; its rest pose then says
    what the file's rotations mean. Else our canonical body takes its place. ArraysError (a ValueError)."""
    parameters = smplx_io.read_parameters(path)
    flat = not np.abs(parameters.poses[:, 22:]).max(initial=0.0) > _FLAT
    kind = "smpl22" if flat else None
    if body is not None:
        same = parameters.body == ("smplx" if len(body.parents) == 55 else "smplh")
        # betas of another model would give this one a shape that nobody has
        betas = parameters.betas[: body.shapes.shape[2]] if same else np.zeros(0)
        parameters = replace(parameters, betas=betas)
    motion = smplx_io.to_motion(parameters, body, kind=kind)
    return motion if body is None else _off_body(motion, body, parameters.betas)


def _off_body(motion: Motion, model: BodyModel, betas) -> Motion:
    """``motion``, against the model's own rest pose, against the canonical one: the inverse of ``on_body``."""
    points = retarget.slot_points(model.skeleton("smplx52", betas))  # with knuckles, as the rig has them
    skeleton = retarget.character_skeleton(points, motion.skeleton.kind)
    return _rested(motion, skeleton, rest_frames(points), canonical_frames("smplx52"))


def _rested(motion: Motion, skeleton: Skeleton, before, after) -> Motion:
    """``motion``, told against a rest pose of the frames ``before``, on ``skeleton``, whose rest pose has ``after``."""
    turns = np.stack([rot.multiply(before[n], rot.inverse(after[n])) for n in skeleton.names])
    world = rot.multiply(kinematics.pose(motion)[1], turns)
    local = rot.continuous(kinematics.local_from_world(skeleton, world))
    return Motion(skeleton, motion.root, local, motion.fps)


def body_of(rig: bpy.types.Object) -> tuple[BodyModel, np.ndarray] | None:
    """The body model that the rig was made from and its betas (S,) now; None for any other rig."""
    mesh = smplx_body.mesh_of(rig)
    return None if mesh is None else (smplx_body.body_of(mesh.data), smplx_body.betas_of(mesh.data))


def write(path, body: tuple[BodyModel, np.ndarray] | None, pose: RigPose, motion: Motion, layout: str) -> None:
    """Write ``motion``, on ``pose.skeleton`` with its floor at 0, to an NPZ with Z up; ``layout`` as in ``smplx_io``.

    ``body``: what ``body_of`` says. A character made from a body model is written as that body, its betas, gender and
    place in the world included; any other rig as our canonical body with betas of zero. Touches nothing in Blender.
    """
    if body is None:
        plain = retarget.retarget(motion, None, canonical(motion.skeleton.kind))
        smplx_io.write(path, plain, layout=layout)
        return
    model, betas = body
    own = on_body(pose, motion, model, betas)
    smplx_io.write(path, own, model, betas=betas, gender=smplx_body.gender_of(model), layout=layout)


def on_body(pose: RigPose, motion: Motion, model: BodyModel, betas) -> Motion:
    """``motion`` against the model's own rest pose, which is the rig's, where the rig stands in the world."""
    skeleton = model.skeleton(motion.skeleton.kind, betas)
    own = rest_frames(retarget.slot_points(skeleton))
    rested = _rested(motion, skeleton, canonical_frames(motion.skeleton.kind), own)
    return rested.moved(offset=(0.0, pose.floor, 0.0))
