"""A user's SMPL-X or SMPL-H body model (``SMPLX_*.npz``, ``model.npz`` as AMASS has it), read with numpy only.

No such file is ever part of Posewright. Of a real one only the arrays below are opened; its pickled parts never are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .formats.bounded_npz import ArraysError, Wanted, read_arrays
from .formats.text import Limits
from .skeleton import KINDS, SMPL22_NAMES, SMPL22_PARENTS, SMPLX52_NAMES, SMPLX52_PARENTS, Skeleton

FACE_NAMES = ("jaw", "left_eye_smplhf", "right_eye_smplhf")  # joints 22..24 of SMPL-X, all on the head
SMPLX55_NAMES = SMPL22_NAMES + FACE_NAMES + SMPLX52_NAMES[22:]
SMPLX55_PARENTS = SMPL22_PARENTS + (15, 15, 15) + tuple(p + 3 if p >= 22 else p for p in SMPLX52_PARENTS[22:])
BODY_AND_HANDS = tuple(range(22)) + tuple(range(25, 55))  # our 52 joints among SMPL-X's 55 (papers.md 1.9)
HAND_NUMBERS = 45  # 15 joints of one hand, three numbers each

# a real model has 29 million numbers: posedirs, 10,475 x 3 x 486, shapedirs, 10,475 x 3 x 400, and a million others
MODEL_LIMITS = Limits(file_bytes=1024 * 1024 * 1024, values=40_000_000)
_BODY = {
    "v_template": Wanted("f", (("V", 3),)),
    "shapedirs": Wanted("f", (("V", 3, "S"),)),
    "J_regressor": Wanted("f", (("J", "V"),)),
    "kintree_table": Wanted("iu", ((2, "J"),)),
    "weights": Wanted("f", (("V", "J"),)),
}
_HANDS = {
    key: Wanted("f", shapes)
    for side in "lr"
    for key, shapes in (
        ("hands_components" + side, (("C", HAND_NUMBERS),)),
        ("hands_mean" + side, ((HAND_NUMBERS,),)),
    )
}
_FACES = {"f": Wanted("iu", (("F", 3),))}
_MESH = {**_FACES, "posedirs": Wanted("f", (("V", 3, "P"),))}


@dataclass(frozen=True, eq=False)
class BodyModel:
    """V vertices and J = 55 (SMPL-X) or 52 (SMPL-H) joints; Y up, facing +Z, metres, T-pose at rest.

    ``template`` (V, 3), ``shapes`` (V, 3, S) metres per beta, ``regressor`` (J, V), ``weights`` (V, J);
    ``hand_components`` (2, C, 45) and ``hand_means`` (2, 45), left then right, or None; where they were read
    ``faces`` (F, 3) and ``pose_shapes`` (V, 3, 9 (J - 1)).
    """

    path: Path
    template: np.ndarray
    shapes: np.ndarray
    regressor: np.ndarray
    parents: tuple[int, ...]
    weights: np.ndarray
    hand_components: np.ndarray | None = None
    hand_means: np.ndarray | None = None
    pose_shapes: np.ndarray | None = None
    faces: np.ndarray | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The model's own joint names."""
        return SMPLX55_NAMES if len(self.parents) == 55 else SMPLX52_NAMES

    @property
    def ours(self) -> tuple[int, ...]:
        """Index of each of our 52 joints among the model's."""
        return BODY_AND_HANDS if len(self.parents) == 55 else tuple(range(52))

    def betas(self, betas=None) -> np.ndarray:
        """(S,): ``betas`` filled up with zeros; ValueError when it has more numbers than the model takes."""
        given = np.zeros(0) if betas is None else np.asarray(betas, float).reshape(-1)
        most = self.shapes.shape[2]
        if np.any(given[most:]):
            raise ValueError(f"{self.path.name} takes {most} betas, got {len(given)}")
        full = np.zeros(most)
        full[: min(most, len(given))] = given[:most]
        return full

    def rest_vertices(self, betas=None) -> np.ndarray:
        """(V, 3) the body with this shape in the T-pose, metres."""
        return self.template + self.shapes @ self.betas(betas)

    def joints(self, betas=None) -> np.ndarray:
        """(J, 3) where the model's joints are at rest, metres in the model's own coordinates."""
        return self.regressor @ self.rest_vertices(betas)

    def joints_alone(self, shapes: int) -> BodyModel:
        """The same body with its joints in the vertices' place and only the first ``shapes`` of its shapes: small."""
        places = self.regressor @ self.template
        moves = np.tensordot(self.regressor, self.shapes[:, :, :shapes], 1)
        own = np.eye(len(self.parents))
        return replace(self, template=places, shapes=moves, regressor=own, weights=own, pose_shapes=None, faces=None)

    def skeleton(self, kind: str = "smplx52", betas=None) -> Skeleton:
        """Our skeleton with the true offsets of this shape."""
        names, parents = KINDS[kind]
        joints = self.joints(betas)[list(self.ours)][: len(names)]
        offsets = joints - joints[list(parents)]
        offsets[0] = 0.0
        return Skeleton(kind, names, parents, offsets)

    def full_hands(self, coefficients, with_mean: bool = True) -> np.ndarray:
        """PCA hands (T, 2n), left then right -> rotation vectors (T, 90). ValueError when the model has no PCA."""
        coefficients = np.asarray(coefficients, float)
        count = coefficients.shape[1] // 2
        self._need_hands(count)
        sides = coefficients.reshape(len(coefficients), 2, count)
        full = np.einsum("tsc,sck->tsk", sides, self.hand_components[:, :count])
        return (full + self.hand_means if with_mean else full).reshape(len(coefficients), 2 * HAND_NUMBERS)

    def mean_hands(self) -> np.ndarray:
        """(90,) rotation vectors of the relaxed hands, left then right."""
        self._need_hands(0)
        return self.hand_means.reshape(-1)

    def _need_hands(self, count: int) -> None:
        if self.hand_components is None:
            raise ValueError(f"{self.path.name} lacks hands_componentsl/r and hands_meanl/r, which these hands need")
        if count > self.hand_components.shape[1]:
            raise ValueError(
                f"{self.path.name} has {self.hand_components.shape[1]} hand components, the motion uses {count}"
            )


def model_path(folder, body: str, gender: str) -> Path:
    """The file of ``body`` ("smplx" or "smplh") and ``gender`` in a folder of body models, laid out as AMASS, HumanML3D
    and Motion-X ask for it or as the smplx package does. FileNotFoundError says which files were looked for."""
    folder, file = Path(folder), f"{body.upper()}_{gender.upper()}.npz"
    places = (folder / body / gender / "model.npz", folder / body / file, folder / file)
    for path in places:
        if path.is_file():
            return path
    looked = ", ".join(str(p.relative_to(folder)) for p in places)
    raise FileNotFoundError(f"{folder} has no {gender} {body} model; looked for {looked}")


def read_model(path, mesh: bool = False, faces: bool = False) -> BodyModel:
    """The body model in ``path``; ``faces`` also reads its triangles, ``mesh`` these and the pose's corrections, half
    of the file. ArraysError says why not."""
    wanted = {**_BODY, **_HANDS, **(_MESH if mesh else _FACES if faces else {})}
    found = read_arrays(path, wanted, MODEL_LIMITS)
    missing = [key for key in wanted if key not in found and key not in _HANDS]
    if missing:
        raise ArraysError(path, None, f"lacks {', '.join(missing)}; is it an SMPL-X or SMPL-H model as NPZ?")
    # the root's parent is written as 2**32 - 1 or as -1
    table = found["kintree_table"][0]
    parents = (-1,) + tuple(int(p) for p in table[1:])
    if parents not in (SMPLX55_PARENTS, SMPLX52_PARENTS):
        raise ArraysError(
            path, None, f"'kintree_table' describes {len(parents)} joints; read are SMPL-X (55) and SMPL-H (52)"
        )
    shapes = found["shapedirs"]
    if len(parents) == 55:  # the rest is expressions: 300 + 100, or 10 + 10 in the short release
        shapes = shapes[:, :, : 300 if shapes.shape[2] >= 400 else 10]
    hands = all(key in found for key in _HANDS)
    if "f" in found:
        _check_faces(path, found)
    if mesh:
        _check_pose_shapes(path, found, len(parents))
    return BodyModel(
        Path(path),
        found["v_template"],
        shapes,
        found["J_regressor"],
        parents,
        found["weights"],
        np.stack([found["hands_components" + s] for s in "lr"]) if hands else None,
        np.stack([found["hands_mean" + s] for s in "lr"]) if hands else None,
        found.get("posedirs"),
        found["f"].astype(np.int64) if "f" in found else None,
    )


def _check_faces(path, found: dict[str, np.ndarray]) -> None:
    faces = found["f"]
    if faces.size and not 0 <= int(faces.min()) <= int(faces.max()) < len(found["v_template"]):
        raise ArraysError(path, None, f"'f' names vertices outside the {len(found['v_template'])} there are")


def _check_pose_shapes(path, found: dict[str, np.ndarray], joints: int) -> None:
    corrections = found["posedirs"].shape[2]
    if corrections != 9 * (joints - 1):
        raise ArraysError(
            path, None, f"'posedirs' has {corrections} corrections; {joints} joints have {9 * (joints - 1)}"
        )
