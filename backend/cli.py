"""The command line: ``generate`` a file, list ``bundles``, ``serve`` the add-on.

Exit code 0 = done, 2 = bad input, 1 = it could not be done, 130 = interrupted; errors are one line on stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

from . import bundles, engines
from .engines import EngineError
from .protocol import LIMITS, GenerateRequest, Segment
from .service.loading import LOADING, bundle_folder, part, system_loader
from .service.server import as_request_error, describe_listing, serve
from .wire import INTERNAL_ERROR, SERVER_ERROR, RequestError, decode_rate

# kinds of RequestError that are not the input's fault
_OUR_FAULT = (INTERNAL_ERROR, SERVER_ERROR)
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


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser("python -m backend", description="Posewright: words into motion.", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="{generate,bundles,serve}")

    generate = commands.add_parser(
        "generate", help="make a motion from a text and write it to a file", allow_abbrev=False
    )
    generate.add_argument("text", help='what the character does, e.g. "a person walks forward, then waves"')
    generate.add_argument("--seconds", type=float, help="length; without it the model chooses")
    generate.add_argument("--fps", type=_rate, default=Fraction(30), help="24, 23.976, 24000/1001 ... (default 30)")
    generate.add_argument("--seed", type=int, default=0, help="the same seed gives the same motion (default 0)")
    generate.add_argument("--takes", type=int, default=4, help="make so many, write the best (default 4)")
    generate.add_argument("--bundle", help="folder of another model bundle")
    generate.add_argument("--out", type=Path, required=True, help="the file to write, .npz or .bvh")

    listing = commands.add_parser("bundles", help="list the model bundles, one line of JSON each", allow_abbrev=False)
    listing.add_argument("--bundle", action="append", default=[], help="also look in this folder")

    server = commands.add_parser("serve", help="serve the add-on over standard input and output", allow_abbrev=False)
    server.add_argument("--parent", type=int, help="end when this process ends (default: the process that started us)")
    server.add_argument("--idle", type=_seconds, help="end after so many seconds without work (default: never)")
    for command in (generate, server):
        command.add_argument("--engine", choices=engines.NAMES, default="auto", help="default auto")
        command.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (default auto)")
        command.add_argument("--threads", type=int, help="CPU threads (default: the engine's choice)")
        command.add_argument("--remember", type=Path, help="file that keeps which bundles were checked already")
    return parser


def main(
    argv: list[str],
    owned: tuple[int, int] | None = None,
    make_loader: Callable = system_loader,
) -> int:
    """Run one command and return its exit code. ``owned`` = the descriptors of ``streams.claim``, needed by ``serve``;
    ``make_loader(engine, device, threads, remembered)`` gives what turns a bundle's folder into a System."""
    try:
        options = _parser().parse_args(argv)
    except SystemExit as stop:  # help was printed, or the one line that says what is wrong
        return int(stop.code or 0)
    try:
        if options.command == "bundles":
            return _bundles(options)
        if options.threads is not None and not 1 <= options.threads <= 1024:
            raise RequestError("bad_request", f"--threads {options.threads} is not usable", "Give 1 to 1024.")
        remembered = bundles.Remembered(options.remember)
        loader = make_loader(options.engine, options.device, options.threads, remembered)
        if options.command == "serve":
            choose = partial(engines.choose, engine=options.engine, device=options.device)
            serve(owned, loader, choose, options.parent, options.idle)
        return _generate(options, loader, owned)
    except KeyboardInterrupt:
        print("interrupted; no file was written", file=sys.stderr)
        return 130
    except Exception as error:
        problem = _for_the_terminal(error)
        print(f"error: {problem}. {problem.action}".rstrip(), file=sys.stderr)
        return 1 if problem.code in _OUR_FAULT else 2


def _for_the_terminal(error: Exception) -> RequestError:
    """The service's words, but for those whose remedy is another here than in Blender."""
    if isinstance(error, bundles.BundleError):
        return RequestError("bundle", str(error), "Name another bundle with --bundle.")
    if isinstance(error, (EngineError, ImportError)):
        action = "Use a Python with torch (README, 'With torch'); what numpy can run needs no --engine and --device."
        problem = as_request_error(error)
        return RequestError(problem.kind, str(problem), action, problem.code)
    return as_request_error(error)


def _bundles(options) -> int:
    missing = [folder for folder in options.bundle if not Path(folder).is_dir()]
    if missing:
        raise bundles.BundleError(f"there is no folder {missing[0]}")
    for listing in bundles.available([bundles.weights_folder(), *options.bundle]):
        print(json.dumps(describe_listing(listing)))
    return 0


def _writer(path: Path) -> Callable:
    """The function that writes such a file; everything that can be wrong with the path is found before generating."""
    from .motion.formats import bvh, npz

    writers = {".npz": npz.write, ".bvh": bvh.write}
    if path.suffix.lower() not in writers:
        raise RequestError(
            "bad_out", f"--out {path} is of no known kind", f"Name a file that ends in {' or '.join(writers)}."
        )
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise RequestError("bad_out", f"--out {path} cannot be written", "Name a file in a folder that you can write.")
    return writers[path.suffix.lower()]


class _ProgressLines:
    """Progress on stderr: a line when the stage changes and every tenth."""

    def __init__(self):
        self._last = ("", -1)

    def __call__(self, stage: str, fraction: float):
        step = (stage, int(10 * fraction))
        if step != self._last:
            self._last = step
            print(f"[{100 * fraction:3.0f} %] {stage}", file=sys.stderr, flush=True)


def _generate(options, load_system: Callable, owned: tuple[int, int] | None) -> int:
    request = GenerateRequest(
        segments=(Segment(options.text),),
        fps=options.fps,
        seconds=options.seconds,
        seed=options.seed,
        takes=options.takes,
        bundle=options.bundle,
    )
    request.require_supported(LIMITS)
    write = _writer(options.out)
    progress = _ProgressLines()
    system = load_system(bundle_folder(request.bundle), part(progress, 0.0, LOADING))
    motions, report = system.generate(request, part(progress, LOADING, 1.0), lambda: False)
    write(options.out, motions[report.chosen])
    line = json.dumps({"out": str(options.out), **report.to_dict()}) + "\n"
    if owned is None:
        sys.stdout.write(line)
    else:
        with os.fdopen(owned[1], "wb", closefd=False) as stream:
            stream.write(line.encode())
    return 0
