"""The user's SMPL-X or SMPL-H body wearing a motion: vertices (T, V, 3), and OBJ or GLB files through trimesh.

Research tooling, not part of what Blender loads, hence not in ``backend``. Skinning is the ``smplx`` package's own
function, fed with arrays that ``body_model`` read without pickle (the package's loader would unpickle the model file).
``smplx`` has its own non-commercial licence, as the models have: the user installs and agrees to both.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np

from backend.motion import retarget
from backend.motion import rotations as rot
from backend.motion.body_model import BodyModel
from backend.motion.formats.text import write_bytes
from backend.motion.motion import Motion
from backend.motion.skeleton import KINDS

PACKAGES = {"smplx": "smplx==0.1.28", "torch": "torch==2.13.*", "trimesh": "trimesh==5.2.0"}
POSE_FORMATS = (".glb", ".obj")
_BATCH = 32  # a frame of SMPL-X needs some 3 MB while it is skinned


def vertices(model: BodyModel, motion: Motion, betas=None, dtype: str = "float32") -> np.ndarray:
    """(T, V, 3) float32 (or ``dtype``), metres in the motion's world (Y up).

    ``model`` is read with ``mesh=True``. A motion on another skeleton is put on the body's own (``on_body``).
    ImportError names a package that is missing.
    """
    torch, skinning = _package("torch"), _package("smplx.lbs")
    need_mesh(model)
    motion = on_body(model, motion, betas)
    matrices = rot.to_matrix(model_rotations(model, motion))
    offset = motion.root - model.joints(betas)[0]
    precision = getattr(torch, dtype)

    def tensor(array):
        return torch.as_tensor(np.ascontiguousarray(array), dtype=precision)

    body = {
        "v_template": tensor(model.template),
        "shapedirs": tensor(model.shapes),
        "posedirs": tensor(model.pose_shapes.reshape(-1, model.pose_shapes.shape[2]).T),
        "J_regressor": tensor(model.regressor),
        "parents": torch.tensor(model.parents),
        "lbs_weights": tensor(model.weights),
        "pose2rot": False,
    }
    shape = tensor(model.betas(betas))[None]
    out = np.empty((len(motion), len(model.template), 3), dtype)
    with torch.inference_mode():
        for first in range(0, len(motion), _BATCH):
            span = slice(first, first + _BATCH)
            pose = tensor(matrices[span])
            skinned, _ = skinning.lbs(shape.expand(len(pose), -1), pose, **body)
            out[span] = (skinned + tensor(offset[span])[:, None]).numpy()
    return out


def on_body(model: BodyModel, motion: Motion, betas=None) -> Motion:
    """The motion on the body's own joints, its limbs in the same directions, its path scaled by leg length; as it is
    where it stands on them already."""
    if motion.skeleton.kind not in KINDS:
        raise ValueError(f"a body wears {', '.join(KINDS)}, got skeleton kind {motion.skeleton.kind!r}; retarget first")
    skeleton = model.skeleton(motion.skeleton.kind, betas)
    if np.allclose(skeleton.offsets, motion.skeleton.offsets, atol=1e-6):
        return motion
    return retarget.retarget(motion, None, skeleton)


def model_rotations(model: BodyModel, motion: Motion) -> np.ndarray:
    """(T, J, 4) local rotations of the model's joints; at rest where the motion has none (jaw, eyes, hands)."""
    out = np.tile(rot.IDENTITY, (len(motion), len(model.parents), 1))
    out[:, list(model.ours)[: len(motion.skeleton)]] = motion.rotations
    return out


def export_pose(path, model: BodyModel, motion: Motion, frame: int = 0, betas=None) -> None:
    """One frame as a mesh, ``path`` ending in .glb or .obj; written whole or not at all."""
    suffix = Path(path).suffix.lower()
    if suffix not in POSE_FORMATS:
        raise ValueError(f"{Path(path).name}: a pose is exported as {' or '.join(POSE_FORMATS)}, not {suffix!r}")
    if not -len(motion) <= frame < len(motion):
        raise ValueError(f"there is no frame {frame} in a motion of {len(motion)}")
    frame %= len(motion)
    points = vertices(model, motion[frame : frame + 1], betas)[0]
    write_bytes(path, mesh_bytes(points, model.faces, suffix[1:]))


def export_sequence(folder, model: BodyModel, motion: Motion, betas=None) -> list[Path]:
    """One OBJ a frame, ``frame_00000.obj`` and on: the exact mesh at every frame, with the pose's corrections.
    FileExistsError where ``folder`` holds frames already: those of a longer motion would mix in."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob("frame_*.obj")):
        raise FileExistsError(f"{folder} holds frames already; name another folder or empty it")
    paths = [folder / f"frame_{t:05d}.obj" for t in range(len(motion))]
    for t, points in enumerate(vertices(model, motion, betas)):
        write_bytes(paths[t], mesh_bytes(points, model.faces, "obj"))
    return paths


def mesh_bytes(points, faces, file_type: str) -> bytes:
    """A mesh (V, 3), (F, 3) as trimesh writes it, vertices in the order given."""
    trimesh = _package("trimesh")
    data = trimesh.Trimesh(points, faces, process=False).export(file_type=file_type)
    return data.encode("utf-8") if isinstance(data, str) else data


def need_mesh(model: BodyModel) -> None:
    """ValueError where the model was read without what a mesh needs."""
    if model.faces is None or model.pose_shapes is None:
        raise ValueError(f"{model.path.name} was read without its mesh; read it with read_model(path, mesh=True)")


def _package(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as reason:
        top = (reason.name or name).split(".")[0]
        wanted = PACKAGES.get(top, top)
        raise ImportError(f'a body mesh needs the package {top!r}: pip install "{wanted}"', name=top) from reason
