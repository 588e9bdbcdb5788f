"""`python -m training mesh MOTION --model SMPLX_NEUTRAL.npz --out body.glb`: a motion on the user's own body.

MOTION is an AMASS-style NPZ (its betas shape the body), our own NPZ, a BVH or AMC file, or an NPY of feature rows or of
Motion-X's 322 parameters, told apart by their width. What comes out follows from ``--out``:

body.glb                  the body moving
body.glb, body.obj        one pose, with ``--frame``
a folder                  one OBJ a frame
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from pathlib import Path

import numpy as np

from backend.motion import retarget, smplx_io
from backend.motion.body_model import BodyModel, read_model
from backend.motion.features.codec import CODECS
from backend.motion.formats.bounded_npy import Wanted, read_array
from backend.motion.motion import Motion

from . import body_glb, body_mesh
from .data.sources import motionx
from .data.sources.cmu import asf_beside
from .data.sources.folder import Folder
from .data.sources.take import Item, Skipped

RECORDINGS = (".bvh", ".amc")
_SEVERAL = "for the whole motion name a .glb file, or a folder for one OBJ a frame"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = __doc__
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("motion", type=Path, metavar="MOTION")
    parser.add_argument("--model", type=Path, required=True, help="your SMPLX_*.npz, or SMPL-H's model.npz")
    parser.add_argument("--out", type=Path, required=True, help="a .glb or .obj file, or a folder")
    parser.add_argument("--frame", type=int, help="this frame alone, counted from 0; -1 is the last")
    parser.add_argument("--up", choices=smplx_io.UP_AXES, help="of SMPL parameters (default: z of an NPZ, else found)")


def main(args: argparse.Namespace) -> int:
    """The exit code; what is wrong with a file or the machine is one line on stderr and 2."""
    try:
        _check_out(args.out, args.frame)
        model = read_model(args.model, mesh=True)
        motion, betas = worn(args.motion, model, args.up)
        print(_export(args.out, args.frame, model, motion, betas))
    except (ValueError, OSError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def worn(path: Path, model: BodyModel, up: str | None = None) -> tuple[Motion, np.ndarray | None]:
    """The motion of a file on the model's own joints, and the betas of its body, None for the average one."""
    suffix = path.suffix.lower()
    if suffix == ".npz" and not _is_ours(path):
        told = smplx_io.read_parameters(path, model)
        return smplx_io.to_motion(told, model, up=up or "z"), told.betas
    if suffix == ".npy":
        widths = {codec.width: codec for codec in CODECS.values()}
        values = read_array(path, Wanted("f", tuple(("T", width) for width in (motionx.WIDTH, *widths))))
        if values.shape[1] == motionx.WIDTH:
            told = motionx.parameters(values)
            return smplx_io.to_motion(told, model, up=up or motionx.upright_axis(values[:, :3])), told.betas
        return body_mesh.on_body(model, widths[values.shape[1]].decode(values)), None
    if suffix not in (*RECORDINGS, ".npz"):
        raise ValueError(f"{path.name}: a motion is read from {', '.join(('.npz', '.npy', *RECORDINGS))}")
    item = Item(path.name, (path, asf_beside(path)) if suffix == ".amc" else (path,))
    (take,) = Folder(path.parent).read(item)
    if isinstance(take, Skipped):
        raise ValueError(f"{path.name}: {take.reason}")
    return retarget.retarget(take.motion, take.bone_map, model.skeleton("smplx52")), None


def _is_ours(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "rotations.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False  # whoever reads it says what is wrong


def _check_out(out: Path, frame: int | None) -> None:
    """Before the work is done."""
    suffix = out.suffix.lower()
    if suffix not in ("", *body_mesh.POSE_FORMATS):
        raise ValueError(f"{out.name}: written are .glb and .obj; {_SEVERAL}")
    if suffix == ".obj" and frame is None:
        raise ValueError(f"{out.name}: an OBJ holds one pose, which --frame says; {_SEVERAL}")
    if suffix == "" and frame is not None:
        raise ValueError(f"{out}: --frame is one pose; name a .glb or .obj file for it")


def _export(out: Path, frame: int | None, model: BodyModel, motion: Motion, betas: np.ndarray | None) -> str:
    """Write it; what was written, in words."""
    if frame is not None:
        body_mesh.export_pose(out, model, motion, frame, betas)
        return f"wrote {out}: frame {frame % len(motion)} of {len(motion)}, {len(model.template):,} vertices"
    if out.suffix:
        body_glb.export_animation(out, model, motion, betas)
        return f"wrote {out}: {len(motion)} frames at {float(motion.fps):g} fps, {len(model.template):,} vertices"
    paths = body_mesh.export_sequence(out, model, motion, betas)
    return f"wrote {len(paths)} files, {paths[0]} to {paths[-1].name}, {len(model.template):,} vertices each"
