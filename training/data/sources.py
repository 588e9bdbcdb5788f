"""The public sources and their folder layouts: each reader yields raw Motions with a name, never a cleaned clip.

* CMU Graphics Lab Motion Capture Database (mocap.cs.cmu.edu): ``<subject>/<subject>.asf`` with
  ``<subject>_<trial>.amc`` (120 fps), or ``<subject>_<trial>.bvh`` of the MotionBuilder-friendly or the Daz-friendly
  conversion by cgspeed.com (one subject has joint names, "LeftKnee"); ``descriptions.json`` maps trial -> description
  (the database's own index page as JSON).
* O3DE's motion matching sample (github.com/o3de/o3de, Gems/MotionMatching/Assets): locomotion takes as BVH.
* CC0 clip libraries as GLB with named actions: Mesh2Motion, KayKit character animations. Read through ``bpy``.
"""

from __future__ import annotations

import json
import logging
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from backend.motion import bone_map, kinematics, retarget
from backend.motion import rotations as rot
from backend.motion.bone_map import BoneMap
from backend.motion.formats import asf_amc, bvh
from backend.motion.motion import Motion
from backend.motion.skeleton import Skeleton

_log = logging.getLogger(__name__)
# Recorded at 60 frames a second but written with a frame time of 1/120: played as written the dancers spin at 1200
# degrees a second, three and a half turns, twice what any dancer does.
HALF_RATE = ("salsa",)
GLB_WORKER = Path(__file__).with_name("glb_worker.py")


@dataclass(frozen=True)
class Take:
    """A raw take: the source's own skeleton and rate. ``tpose_start``: the file begins in a T-pose by convention."""

    id: str
    source: str
    subject: str
    label: str
    motion: Motion
    bone_map: BoneMap
    tpose_start: bool = False


def cmu(folder: Path) -> Iterator[Take]:
    """CMU trials below ``folder``; takes without a description are labelled by their folder ("salsa")."""
    descriptions = json.loads((folder / "descriptions.json").read_text(encoding="utf-8"))
    for subject in sorted(p for p in folder.iterdir() if p.is_dir()):
        for path in sorted([*subject.glob("*.amc"), *subject.glob("*.bvh")]):
            label = descriptions.get(path.stem, subject.name)
            if path.suffix == ".amc":
                motion = asf_amc.read(subject / f"{subject.name}.asf", path)
            else:
                motion = bvh.read(path, scale=_cmu_bvh_scale(path))
            if subject.name in HALF_RATE:
                motion = replace(motion, fps=motion.fps / 2)
            yield Take(path.stem, "cmu", subject.name, label, motion, bone_map.match(motion.skeleton.names),
                       tpose_start=path.suffix == ".bvh")  # fmt: skip


def _cmu_bvh_scale(path: Path) -> float:
    """Metres per unit: the Daz-friendly family is in centimetres, the MotionBuilder-friendly in CMU's inches."""
    with path.open(encoding="utf-8", errors="replace") as file:
        daz = "ROOT hip\n" in file.read(200).replace("\r", "")
    return 0.01 if daz else 2.54 / (100 * 0.45)


def o3de(folder: Path) -> Iterator[Take]:
    """O3DE takes: BVH in centimetres, each starting in a T-pose; the file name is the only label."""
    for path in sorted(folder.glob("*.bvh")):
        # the first frame is a T-pose held upright; against the zero pose of the files every take leans back 10 degrees
        motion = retarget.rebound(bvh.read(path, scale=0.01), 0)
        yield Take(f"o3de_{path.stem}", "o3de", "o3de", path.stem, motion, bone_map.match(motion.skeleton.names), True)


def cc0(folder: Path, bpy_python: Path) -> Iterator[Take]:
    """CC0 GLB libraries, one sub-folder each; ``bpy_python`` is a Python that can import bpy."""
    for path in sorted(folder.glob("*/*.glb")):
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "clips.npz"
            done = subprocess.run(
                [str(bpy_python), str(GLB_WORKER), str(path), str(out)], capture_output=True, text=True, timeout=300
            )
            if not out.exists():
                raise RuntimeError(f"bpy could not read {path}:\n{done.stderr[-2000:]}")
            with np.load(out, allow_pickle=False) as arrays:
                yield from _glb_takes(path, {k: arrays[k] for k in arrays.files})


def _glb_takes(path: Path, arrays: dict[str, np.ndarray]) -> Iterator[Take]:
    names = tuple(str(n) for n in arrays["names"])
    rest = _y_up(arrays["rest"])
    mapped = bone_map.match(names)
    hips = names.index(mapped.slots["pelvis"][0])
    # props and helper bones are scaled to nothing in some libraries: only what the map names is read
    keep = _with_ancestors([names.index(b) for bones in mapped.slots.values() for b in bones], hips, arrays["parents"])
    parents = tuple(-1 if j == hips else keep.index(arrays["parents"][j]) for j in keep)
    heads = rest[keep, :3, 3]
    offsets = np.array([np.zeros(3) if p < 0 else heads[i] - heads[p] for i, p in enumerate(parents)])
    skeleton = Skeleton("other", tuple(names[j] for j in keep), parents, offsets)
    for key in (k for k in arrays if k.startswith("action:")):
        posed = _y_up(arrays[key].astype(float))[:, keep]
        away = posed[..., :3, :3] @ np.linalg.inv(rest[keep, :3, :3])
        scale = np.cbrt(np.linalg.det(away))
        if not np.all(scale > 1e-3):
            _log.warning("%s: left out, its bones are scaled to nothing or turned inside out", key)
            continue
        world = rot.from_matrix(away / scale[..., None, None])
        local = kinematics.local_from_world(skeleton, world)
        motion = Motion(skeleton, posed[:, 0, :3, 3], local, 30)
        name = key.removeprefix("action:")
        library = path.parent.name
        yield Take(f"{library}_{name}", "cc0", library, name, motion, mapped)


def _with_ancestors(bones: list[int], root: int, parents) -> list[int]:
    """The bones and what lies between them and ``root``, parents first."""
    keep = {root}
    for j in bones:
        while j not in keep:
            keep.add(j)
            j = int(parents[j])
            if j < 0:
                raise ValueError("a mapped bone does not hang below the hips")
    return sorted(keep)


_BLENDER_TO_WORLD = np.array([[1.0, 0, 0, 0], [0, 0, 1.0, 0], [0, -1.0, 0, 0], [0, 0, 0, 1.0]])


def _y_up(matrices) -> np.ndarray:
    """Blender world matrices (..., 4, 4), Z up, to Y up: (x, y, z) -> (x, z, -y)."""
    return _BLENDER_TO_WORLD @ np.asarray(matrices, float)
