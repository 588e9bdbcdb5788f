"""AMASS-style NPZ (SMPL-H and SMPL-X parameters) <-> Motion on SMPL-22 or SMPL-X-52.

=====================  ===============  ================================================================================
array                  shape            content
=====================  ===============  ================================================================================
poses                  (T, 66)          rotation vectors: root, 21 body joints
                       (T, 156)         SMPL-H: the same, then 15 joints of the left and 15 of the right hand
                       (T, 165)         SMPL-X: root, body, jaw, left eye, right eye, left hand, right hand (55 joints)
root_orient, pose_*    3, 63, 90, 3, 6  the same in parts (root, body, hand, jaw, eye), read where ``poses`` is missing;
                                        ``pose_hand`` of any other even width is PCA, left then right
trans                  (T, 3)           metres
betas                  (B,)             shape; (1, B) is read too
mocap_framerate        ()               frames a second; newer files say mocap_frame_rate
gender                 ()               neutral, male or female
=====================  ===============  ================================================================================

``trans`` is not where the pelvis is: the model turns about its own rest pelvis p(betas), so pelvis = p + trans, with p
in the file's axes. Only a body model knows p. Without one p is taken as ``PELVIS_AT_REST``, which shifts the whole
motion by a constant: in Z-up files 0.2 to 0.4 m along the ground and some 3 cm in height, in Y-up files 0.2 to 0.4 m in
height (then ``floor`` finds the ground). Rotations do not depend on it. Jaw and eyes are dropped on reading and zero on
writing. AMASS is Z up; ours is Y up: (x, y, z) -> (x, z, -y), so a body that faces -Y there faces +Z here. Parameters
out of a camera's picture have Y down: (x, y, z) -> (x, -y, -z).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from . import axes
from . import rotations as rot
from .body_model import BODY_AND_HANDS, HAND_NUMBERS, BodyModel
from .formats.bounded_npz import ArraysError, Wanted, read_arrays
from .formats.text import LIMITS, Limits, write_bytes
from .motion import Motion, as_rate
from .skeleton import KINDS, canonical

PELVIS_AT_REST = (0.0, 0.0, 0.0)
MOST_BETAS = 300  # SMPL-X has no more
GENDERS = ("neutral", "male", "female")
LAYOUTS = {"smplx": 55, "smplh": 52, "body": 22}  # what is written, and its joints
UP_AXES = tuple(axes.TURNS)
_BODY_NUMBERS, _SMPLX_NUMBERS = 66, 165
_STILL = 1e-4  # radians
RATES = ("mocap_framerate", "mocap_frame_rate")
"""arrays that say the frames a second; the first is older"""
_SCALAR = ((), (1,))
ARRAYS = {
    "poses": Wanted("f", (("T", 66), ("T", 156), ("T", 165))),
    "root_orient": Wanted("f", (("T", 3),)),
    "pose_body": Wanted("f", (("T", 63),)),
    "pose_hand": Wanted("f", (("T", "H"),)),
    "trans": Wanted("f", (("T", 3),)),
    "betas": Wanted("f", (("B",), (1, "B"))),
    "gender": Wanted("US", _SCALAR),
    **{key: Wanted("fiu", _SCALAR) for key in RATES},
}


@dataclass(frozen=True, eq=False)
class Parameters:
    """What a file says, in its own axes: ``poses`` (T, 22 or 52, 3) rotation vectors in our joint order, ``trans``
    (T, 3) metres, ``betas`` (B,), ``gender`` and ``fps``; ``body``: whose betas they are, "smplx" or "smplh"."""

    poses: np.ndarray
    trans: np.ndarray
    betas: np.ndarray
    gender: str
    fps: Fraction
    body: str = "smplx"


def read(
    path,
    model: BodyModel | None = None,
    *,
    up: str = "z",
    kind: str | None = None,
    fps=None,
    flat_hand_mean: bool | None = None,
    limits: Limits = LIMITS,
) -> Motion:
    """The Motion of an AMASS-style file; on the canonical skeleton, or with ``model`` on that body's own joints.

    ``kind`` "smpl22" leaves the hands out; by default they come along where the file has them. For the rest see
    ``read_parameters`` and ``to_motion``. ArraysError (a ValueError) names file and array.
    """
    _turn(up)  # the caller's mistakes, before the file's
    _check_kind(kind)
    parameters = read_parameters(path, model, fps=fps, flat_hand_mean=flat_hand_mean, limits=limits)
    try:
        return to_motion(parameters, model, up=up, kind=kind)
    except ValueError as reason:
        raise ArraysError(path, None, str(reason)) from reason


def read_parameters(
    path,
    model: BodyModel | None = None,
    *,
    fps=None,
    flat_hand_mean: bool | None = None,
    limits: Limits = LIMITS,
) -> Parameters:
    """What the file says, checked. ``fps`` is for files that tell no rate.

    ``flat_hand_mean`` as in smplx: False adds the model's relaxed hand to the hands of the file. By default full
    rotations are taken as they stand, as AMASS means them, and PCA hands get it, which is what smplx does.
    """
    found = read_arrays(path, ARRAYS, limits)
    if "trans" not in found:
        raise ArraysError(path, None, "lacks the array 'trans' (T, 3)")
    try:
        poses = _poses(path, found, model, flat_hand_mean)
        rate = _rate(path, found, fps)
    except ArraysError:
        raise
    except ValueError as reason:
        raise ArraysError(path, None, str(reason)) from reason
    betas = found.get("betas", np.zeros(10)).reshape(-1)
    if len(betas) > MOST_BETAS:
        raise ArraysError(path, None, f"the array 'betas' has {len(betas):,} numbers; accepted: at most {MOST_BETAS}")
    return Parameters(poses, found["trans"], betas, _gender(path, found), rate, _body(found))


def to_motion(
    parameters: Parameters, model: BodyModel | None = None, *, up: str = "z", kind: str | None = None
) -> Motion:
    """File axes to ours: ``up`` is the axis ("z", "y" or "-y") that points up in the file."""
    turn = _turn(up)
    _check_kind(kind)
    kind = kind or ("smpl22" if parameters.poses.shape[1] == 22 else "smplx52")
    joints = len(KINDS[kind][0])
    vectors = np.zeros((len(parameters.poses), joints, 3))
    shared = min(joints, parameters.poses.shape[1])
    vectors[:, :shared] = parameters.poses[:, :shared]
    rotations = rot.exp(vectors)
    rotations[:, 0] = rot.multiply(turn, rotations[:, 0])
    skeleton = canonical(kind) if model is None else model.skeleton(kind, parameters.betas)
    root = rot.rotate(turn, parameters.trans + _pelvis(model, parameters.betas))
    return Motion(skeleton, root, rot.continuous(rotations), parameters.fps)


def hands_move(poses) -> bool:
    """Whether rotation vectors (T, J, 3) have joints beyond the body's 22 that ever change: recordings without fingers
    are handed on with one pose of the hands throughout."""
    hands = np.asarray(poses)[:, 22:]
    return bool(hands.size and np.ptp(hands, axis=0).max() > _STILL)


def from_motion(
    motion: Motion, model: BodyModel | None = None, *, betas=None, gender: str = "neutral", up: str = "z"
) -> Parameters:
    """The inverse of ``to_motion``; with ``model`` the pelvis of that body comes to stand where the motion's does."""
    if motion.skeleton.kind not in KINDS:
        raise ValueError(
            f"SMPL parameters describe {', '.join(KINDS)}, got skeleton kind {motion.skeleton.kind!r}; retarget first"
        )
    if gender not in GENDERS:
        raise ValueError(f"gender is {gender!r}; accepted: {', '.join(GENDERS)}")
    turn = rot.inverse(_turn(up))
    betas = np.zeros(10) if betas is None else np.asarray(betas, float).reshape(-1)
    if not np.isfinite(betas).all():
        raise ValueError("betas must be finite numbers")
    rotations = motion.rotations.copy()
    rotations[:, 0] = rot.multiply(turn, rotations[:, 0])
    trans = rot.rotate(turn, motion.root) - _pelvis(model, betas)
    return Parameters(rot.log(rotations), trans, betas, gender, motion.fps)


def write(
    path,
    motion: Motion,
    model: BodyModel | None = None,
    *,
    betas=None,
    gender: str = "neutral",
    up: str = "z",
    layout: str = "smplx",
) -> None:
    """Write ``motion`` whole or not at all, float64; ``layout``: "smplx" (55 joints, whole and in parts), "smplh" (52)
    or "body" (22). Hands that the motion lacks are written flat, hands that the layout lacks are left out."""
    if layout not in LAYOUTS:
        raise ValueError(f"layout is {layout!r}; accepted: {', '.join(LAYOUTS)}")
    parameters = from_motion(motion, model, betas=betas, gender=gender, up=up)
    frames = len(parameters.poses)
    poses = np.zeros((frames, LAYOUTS[layout], 3))
    places = BODY_AND_HANDS if layout == "smplx" else range(LAYOUTS[layout])
    for here, there in zip(range(parameters.poses.shape[1]), places):
        poses[:, there] = parameters.poses[:, here]
    poses = poses.reshape(frames, -1)
    arrays = {
        "poses": poses,
        "trans": parameters.trans,
        "betas": parameters.betas,
        "gender": np.array(parameters.gender),
        RATES[layout == "smplx"]: np.array(float(parameters.fps)),
    }
    if layout == "smplx":
        parts = {"root_orient": (0, 3), "pose_body": (3, 66), "pose_jaw": (66, 69), "pose_eye": (69, 75)}
        arrays |= {key: poses[:, first:last] for key, (first, last) in parts.items()}
        arrays |= {"pose_hand": poses[:, 75:], "surface_model_type": np.array("smplx")}
    data = io.BytesIO()
    np.savez_compressed(data, **{key: np.ascontiguousarray(array) for key, array in arrays.items()})
    write_bytes(path, data.getvalue())


def _turn(up: str) -> np.ndarray:
    if up not in axes.TURNS:
        raise ValueError(f"up is {up!r}; accepted: {', '.join(UP_AXES)}")
    return axes.TURNS[up]


def _check_kind(kind: str | None) -> None:
    if kind is not None and kind not in KINDS:
        raise ValueError(f"unknown skeleton kind {kind!r}; known: {', '.join(KINDS)}")


def _pelvis(model: BodyModel | None, betas) -> np.ndarray:
    return np.array(PELVIS_AT_REST) if model is None else model.joints(betas)[0]


def _poses(path, found: dict[str, np.ndarray], model: BodyModel | None, flat: bool | None) -> np.ndarray:
    """(T, 22 or 52, 3) from ``poses`` or its parts."""
    body, hands, pca = _body_and_hands(path, found)
    if hands is None:
        return body.reshape(len(body), 22, 3)
    add_mean = pca if flat is None else not flat
    if (pca or add_mean) and model is None:
        raise ArraysError(path, None, "'pose_hand' is PCA or against the mean hand: that needs the body model's file")
    if pca:
        hands = model.full_hands(hands, add_mean)
    elif add_mean:
        hands = hands + model.mean_hands()
    return np.concatenate([body, hands], axis=1).reshape(len(body), 52, 3)


def _body_and_hands(path, found: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray | None, bool]:
    """(T, 66), (T, 90 or 2n) or None, and whether the hands are PCA."""
    if "poses" in found:
        poses = found["poses"]
        hands = poses[:, -2 * HAND_NUMBERS :] if poses.shape[1] > _BODY_NUMBERS else None
        return poses[:, :_BODY_NUMBERS], hands, False
    if "root_orient" not in found or "pose_body" not in found:
        raise ArraysError(path, None, "lacks 'poses' (T, 66, 156 or 165), and 'root_orient' with 'pose_body' too")
    hands = found.get("pose_hand")
    width = 2 * HAND_NUMBERS if hands is None else hands.shape[1]
    if width % 2 or not 2 <= width <= 2 * HAND_NUMBERS:
        accepted = "(T, 90) full rotations, (T, 2n) PCA of n components a hand"
        raise ArraysError(path, None, f"the array 'pose_hand' is {hands.shape}; accepted: {accepted}")
    body = np.concatenate([found["root_orient"], found["pose_body"]], axis=1)
    return body, hands, width < 2 * HAND_NUMBERS


def _body(found: dict[str, np.ndarray]) -> str:
    """Only SMPL-X files come in parts or with the joints of the face."""
    return "smplh" if "poses" in found and found["poses"].shape[1] < _SMPLX_NUMBERS else "smplx"


def _rate(path, found: dict[str, np.ndarray], given) -> Fraction:
    for key in RATES:
        if key in found:
            return as_rate(float(found[key].reshape(())))
    if given is None:
        raise ArraysError(path, None, f"lacks the frame rate: add it to the file as {' or '.join(RATES)}")
    return as_rate(given)


def _gender(path, found: dict[str, np.ndarray]) -> str:
    if "gender" not in found:
        return GENDERS[0]
    value = found["gender"].reshape(()).item()
    text = (value.decode("latin-1") if isinstance(value, bytes) else value).strip().lower()
    if text not in GENDERS:
        raise ArraysError(path, None, f"the array 'gender' says {text[:40]!r}; accepted: {', '.join(GENDERS)}")
    return text
