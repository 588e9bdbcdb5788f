"""From the model's skeleton, rate and origin to the character's."""

from __future__ import annotations

from ..motion import kinematics, resample, retarget
from ..motion import rotations as rot
from ..motion.floor import on_floor
from ..motion.limbs import LimbCorrection
from ..motion.motion import Motion
from ..motion.skeleton import KINDS, Skeleton
from ..protocol import GenerateRequest, ProgressCall, RequestError
from .telling import told


def require_body(skeleton: Skeleton) -> None:
    """RequestError before anything is generated for a skeleton that no motion could be put on."""
    try:
        if skeleton.kind not in KINDS:
            raise ValueError(f"its kind is {skeleton.kind!r}, accepted are {', '.join(KINDS)}")
        retarget.require_body(retarget.slot_points(skeleton))
    except ValueError as error:
        action = "Check the bone map and the armature's rest pose."
        raise RequestError("skeleton", f"the character's skeleton cannot be used: {error}", action) from error


def on_character(motions: list[Motion], skeleton: Skeleton, correction: LimbCorrection) -> list[Motion]:
    """Motions on one skeleton put on the character's, its feet on the floor."""
    motions = retarget.retarget_together(motions, target=skeleton, correction=correction)
    kinematics.pose_together(motions)
    # legs that are not corrected reach less or more far down when they bend
    return [on_floor(motion) for motion in motions]


def placed(motions: list[Motion], request: GenerateRequest, frames: int | None, tell: ProgressCall) -> list[Motion]:
    """On the character, at the scene's rate, ``frames`` long, starting where and as the request says."""
    tell("Placing", 0.95)
    if request.skeleton is not None:
        motions = on_character(motions, request.skeleton, request.correction)
    motions = [resample.resample(motion, request.fps, frames) for motion in motions]
    kinematics.pose_together(motions)
    return [_standing(motion, request) for motion in told(motions, tell, "Placing", 0.97, 1.0)]


def _standing(motion: Motion, request: GenerateRequest) -> Motion:
    """The motion begins at the request's origin and heading."""
    yaw = request.heading - float(kinematics.heading(motion)[0])
    (x, z), start = request.origin, rot.rotate(rot.about_y(yaw), motion.root[0])
    motion = motion.moved(yaw, (x - start[0], 0.0, z - start[2]))
    return motion.with_contacts(kinematics.detect_contacts(motion))
