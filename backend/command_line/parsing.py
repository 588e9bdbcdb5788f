"""The words of the command line."""

from __future__ import annotations

import argparse
import re
from fractions import Fraction
from pathlib import Path

from .. import engines
from ..motion.finger_shapes import SHAPES
from ..wire import RequestError, decode_rate
from . import files

LONGEST_IDLE = 7 * 24 * 3600.0  # seconds


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str):
        self.exit(2, f"error: {message} (try: {self.prog} --help)\n")


def _rate(text: str) -> Fraction:
    """24, 23.976 or 24000/1001."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)(?:/(\d{1,9}(?:\.\d{1,9})?))?", text.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"expected a frame rate such as 24, 23.976 or 24000/1001, got {text[:40]!r}")
    number, base = found.groups()
    value = float(number) if base is None else [Fraction(number), Fraction(base)]
    try:
        return decode_rate(value) if base is None else decode_rate(value[0] / value[1])
    except (RequestError, ZeroDivisionError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= LONGEST_IDLE:
        raise argparse.ArgumentTypeError(f"expected seconds, at most {LONGEST_IDLE:.0f}, got {text[:40]!r}")
    return value


def _key(text: str) -> tuple[Path, float | None]:
    """FILE or FILE@SECONDS; an @ may also stand in the name of a file."""
    name, at, time = text.rpartition("@")
    if not at or text.lower().endswith(files.ENDINGS):
        return Path(text), None
    if not re.fullmatch(r"\d{1,6}(?:\.\d{1,6})?|\.\d{1,6}", time):
        raise argparse.ArgumentTypeError(f"expected FILE@SECONDS with seconds from 0 on, got {text[-40:]!r}")
    return Path(name), float(time)


def _strength(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:  # NaN lies nowhere
        raise argparse.ArgumentTypeError(f"expected a strength from 0 to 1, got {text[:40]!r}")
    return value


def _device(text: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,2})?", text):
        raise argparse.ArgumentTypeError(f"expected auto, cpu, cuda, cuda:1 ... or mps, got {text[:40]!r}")
    return text


def parser() -> argparse.ArgumentParser:
    parser = _OneLineParser("python -m backend", description="Posewright: words into motion.", allow_abbrev=False)
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="{generate,describe,retarget,bundles,serve}"
    )
    generate = commands.add_parser(
        "generate", help="make a motion from a text, poses or motions and write it to a file", allow_abbrev=False
    )
    _generate(generate)
    describe = commands.add_parser("describe", help="say what goes on in a motion", allow_abbrev=False)
    describe.add_argument("file", type=Path, help="a motion, .npz or .bvh, of any humanoid with known bone names")
    describe.add_argument("--captions", type=int, help="captions by the model (default: 3 where the bundle writes any)")

    other = commands.add_parser("retarget", help="put a motion on another rig and write it", allow_abbrev=False)
    _retarget(other)

    listing = commands.add_parser("bundles", help="list the model bundles, one line of JSON each", allow_abbrev=False)
    listing.add_argument("--bundle", action="append", default=[], help="also look in this folder")

    server = commands.add_parser("serve", help="serve the add-on over standard input and output", allow_abbrev=False)
    server.add_argument("--parent", type=int, help="end when this process ends (default: the process that started us)")
    server.add_argument("--idle", type=_seconds, help="end after so many seconds without work (default: never)")
    for command in (generate, describe):
        command.add_argument("--seed", type=int, default=0, help="the same seed gives the same answer (default 0)")
        command.add_argument("--bundle", help="folder of another model bundle")
        command.add_argument("--temperature", type=float, help="0 = always the likeliest (default: the bundle's)")
        command.add_argument("--top-k", type=int, help="draw among so many likeliest tokens (default: the bundle's)")
        command.add_argument("--top-p", type=float, help="draw among the likeliest of this chance together")
    for command in (generate, describe, server):
        command.add_argument("--engine", choices=engines.NAMES, default="auto", help="default auto")
        command.add_argument("--device", type=_device, default="auto", help="auto, cpu, cuda or mps (default auto)")
        command.add_argument("--threads", type=int, help="CPU threads (default: the engine's choice)")
        command.add_argument("--remember", type=Path, help="file that keeps which bundles were checked already")
        command.add_argument(
            "--base-model", type=Path, metavar="DIR", help="folder of a bundle's base model (default: the hub's cache)"
        )
    return parser


def _generate(command: argparse.ArgumentParser) -> None:
    command.add_argument("text", nargs="?", default="", help='e.g. "a person walks forward, then waves"')
    command.add_argument("--seconds", type=float, help="length; without it the model chooses")
    command.add_argument(
        "--fps", type=_rate, help="24, 23.976, 24000/1001 ... (default: that of --before, of --after, or 30)"
    )
    command.add_argument("--takes", type=int, default=4, help="make so many, write the best (default 4)")
    command.add_argument(
        "--key", type=_key, action="append", default=[], metavar="FILE@SECONDS",
        help="a pose on the way, the first frame of a .npz or .bvh; without @SECONDS only the order of the keys counts",
    )  # fmt: skip
    command.add_argument(
        "--before", type=Path, metavar="FILE",
        help="go on from the end of this motion; what is written has Posewright's skeleton, whatever rig this has",
    )  # fmt: skip
    command.add_argument(
        "--after", type=Path, metavar="FILE",
        help="lead into the beginning of this motion; behind --before it is set down where the way leads",
    )  # fmt: skip
    command.add_argument("--gap", type=float, metavar="SECONDS", help="between --before and --after")
    command.add_argument("--task", default="", help="what the model is asked for (default: what fits the rest)")
    command.add_argument("--guidance", type=float, help="how much the text is pulled at (default: the bundle's)")
    command.add_argument("--out", type=Path, required=True, help="the file to write, .npz or .bvh")


def _retarget(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "motion",
        type=Path,
        help="a .bvh, a .npz (AMASS or ours), or with a Python that has bpy a .fbx, .glb, .gltf or .vrm",
    )
    command.add_argument(
        "--onto", type=Path, required=True, metavar="RIG",
        help="the rig: any such file, or a .json (bone -> parent, head, tail; Blender's axes, metres)",
    )  # fmt: skip
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        help="the file to write: .bvh on the rig's own bones, .npz of SMPL-X parameters",
    )
    command.add_argument("--feet", type=_strength, default=1.0, help="how far feet are corrected, 0 to 1 (default 1)")
    command.add_argument("--hands", type=_strength, default=1.0, help="how far hands are corrected, 0 to 1 (default 1)")
    command.add_argument(
        "--fingers", choices=SHAPES, default="relaxed", help="shape of fingers that the motion lacks (default relaxed)"
    )
    command.add_argument(
        "--map", type=Path, metavar="FILE", help="the rig's bone map, .json (default: found by itself)"
    )
    command.add_argument("--source-map", type=Path, metavar="FILE", help="the motion's bone map, .json")
    command.add_argument("--fps", type=_rate, help="frame rate of the new file (default: the motion's)")
