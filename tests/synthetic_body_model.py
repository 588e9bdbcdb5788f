"""A body model of a few random vertices with the arrays, names, types and odd corners of a real SMPLX_NEUTRAL.npz.

Made up from a seed and our own canonical skeleton: nothing of a licensed body is in it.
"""

from pathlib import Path

import numpy as np

from backend.motion.body_model import BODY_AND_HANDS, SMPLX55_PARENTS
from backend.motion.skeleton import SMPLX52_PARENTS, canonical

PELVIS = np.array([0.003, -0.35, 0.012])  # a real model's pelvis is not at the origin either


def arrays(joints: int = 55, seed: int = 0, shapes: int | None = None) -> dict[str, np.ndarray]:
    """The arrays of SMPL-X (55 joints) or SMPL-H (52): each is the mean of a tetrahedron of vertices."""
    rng = np.random.default_rng(seed)
    parents = SMPLX55_PARENTS if joints == 55 else SMPLX52_PARENTS
    shapes = (400 if joints == 55 else 16) if shapes is None else shapes
    rest = np.zeros((joints, 3))
    body = canonical("smplx52").rest_positions + PELVIS
    rest[list(BODY_AND_HANDS if joints == 55 else range(52))] = body
    if joints == 55:
        rest[22:25] = body[15] + np.array([[0.0, 0.01, 0.06], [0.03, 0.06, 0.08], [-0.03, 0.06, 0.08]])
    corners = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 0.02
    template = (rest[:, None] + corners).reshape(-1, 3)
    count = len(template)
    weights = np.zeros((count, joints))
    for v in range(count):
        joint = v // 4
        chosen = [joint, max(parents[joint], 0), *rng.integers(0, joints, 1 + v % 2)]  # at most four influences
        np.add.at(weights[v], chosen, rng.uniform(0.1, 1.0, len(chosen)))
    weights /= weights.sum(axis=1, keepdims=True)
    kintree = np.array([[2**32 - 1, *parents[1:]], range(joints)], dtype=np.int64)
    faces = np.concatenate([[[4 * j, 4 * j + 1, 4 * j + 2], [4 * j, 4 * j + 2, 4 * j + 3]] for j in range(joints)])
    found = {
        "v_template": template,
        "shapedirs": np.asfortranarray(rng.normal(0, 0.003, (count, 3, shapes))),
        "posedirs": rng.normal(0, 0.001, (count, 3, 9 * (joints - 1))),
        "J_regressor": np.kron(np.eye(joints), np.full((1, 4), 0.25)),
        "kintree_table": kintree,
        "weights": weights,
        "f": faces.astype(np.uint32),
        # what a real file also has, pickles among it
        "joint2num": np.array({"Pelvis": 0}, dtype=object),
        "part2num": np.array({"Torso": 0}, dtype=object),
        "lmk_faces_idx": np.zeros(51, np.int64),
        "lmk_bary_coords": np.full((51, 3), 1 / 3),
    }
    for side in "lr":
        found["hands_components" + side] = np.linalg.qr(rng.normal(size=(45, 45)))[0]
        found["hands_mean" + side] = rng.normal(0, 0.2, 45)
    return found


def write(path: Path, drop=(), joints: int = 55, seed: int = 0, **changes) -> Path:
    """Write the model, some arrays dropped or changed; another ``seed`` is another body."""
    found = {**arrays(joints, seed), **changes}
    np.savez(path, **{key: value for key, value in found.items() if key not in drop})
    return path


def write_folder(folder: Path) -> Path:
    """Models of all genders as AMASS, HumanML3D and Motion-X ask for them: SMPL-H and SMPL-X, six different bodies."""
    seed = 0
    for body, joints, layout in (("smplh", 52, "smplh/{}/model.npz"), ("smplx", 55, "smplx/SMPLX_{}.npz")):
        for gender in ("neutral", "male", "female"):
            path = folder / layout.format(gender if body == "smplh" else gender.upper())
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, joints=joints, seed=seed)
            seed += 1
    return folder
