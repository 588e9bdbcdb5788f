"""The command line: ``generate`` a file, ``describe`` one, ``retarget`` one, list ``bundles``, ``serve`` the add-on.

Exit code 0 = done, 2 = bad input, 1 = it could not be done, 130 = interrupted; errors are one line on stderr.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from . import bundles, engines
from .command_line import files, retarget
from .command_line.generate import request_of
from .command_line.parsing import parser
from .engines import EngineError
from .protocol import DescribeRequest
from .service.describing import describe
from .service.loading import LOADING, bundle_folder, part, system_loader
from .service.server import as_request_error, describe_listing, serve
from .wire import INTERNAL_ERROR, SERVER_ERROR, RequestError

# kinds of RequestError that are not the input's fault
_OUR_FAULT = (INTERNAL_ERROR, SERVER_ERROR)
_WRITING = ("generate", "retarget")
CAPTIONS = 3
"""how many are written where nobody says how many"""


def main(
    argv: list[str],
    owned: tuple[int, int] | None = None,
    make_loader: Callable = system_loader,
) -> int:
    """Run one command and return its exit code. ``owned`` = the descriptors of ``streams.claim``, needed by ``serve``;
    ``make_loader`` as ``loading.system_loader`` gives what turns a bundle's folder into a System."""
    try:
        options = parser().parse_args(argv)
    except SystemExit as stop:  # help was printed, or the one line that says what is wrong
        return int(stop.code or 0)
    try:
        if options.command == "bundles":
            return _bundles(options)
        if options.command == "retarget":
            _print(retarget.run(options), owned)
            return 0
        if options.threads is not None and not 1 <= options.threads <= 1024:
            raise RequestError("bad_request", f"--threads {options.threads} is not usable", "Give 1 to 1024.")
        remembered = bundles.Remembered(options.remember)
        loader = make_loader(options.engine, options.device, options.threads, remembered, options.base_model)
        if options.command == "serve":
            choose = partial(engines.choose, engine=options.engine, device=options.device)
            serve(owned, loader, choose, options.parent, options.idle)
        run = _describe if options.command == "describe" else _generate
        return run(options, loader, owned)
    except KeyboardInterrupt:
        print("interrupted; no file was written" if options.command in _WRITING else "interrupted", file=sys.stderr)
        return 130
    except Exception as error:  # whatever it is, the terminal gets one line
        problem = _for_the_terminal(error)
        end = "" if str(problem).endswith((".", "?", "!")) else "."
        print(f"error: {problem}{end} {problem.action}".rstrip(), file=sys.stderr)
        return 1 if problem.code in _OUR_FAULT else 2


def _for_the_terminal(error: Exception) -> RequestError:
    """The service's words, but for those whose remedy is another here than in Blender."""
    if isinstance(error, bundles.BundleError):
        return RequestError("bundle", str(error), "Name another bundle with --bundle.")
    if isinstance(error, engines.OutOfMemory):
        return RequestError("memory", str(error), "Ask for fewer takes or a shorter motion.", SERVER_ERROR)
    if isinstance(error, (EngineError, ImportError)):
        action = "Use a Python with torch (README, 'With torch'); what numpy can run needs no --engine and --device."
        problem = as_request_error(error)
        return RequestError(problem.kind, str(problem), action, problem.code)
    problem = as_request_error(error)
    if problem.code == INTERNAL_ERROR:
        action = "That is a fault in Posewright; the lines above show where."
        return RequestError(problem.kind, str(problem), action, problem.code)
    return problem


def _bundles(options) -> int:
    missing = [folder for folder in options.bundle if not Path(folder).is_dir()]
    if missing:
        raise bundles.BundleError(f"there is no folder {missing[0]}")
    for listing in bundles.available([bundles.weights_folder(), *options.bundle]):
        print(json.dumps(describe_listing(listing)))
    return 0


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
    write = files.writer(options.out)
    request, warnings = request_of(options)
    request.require_supported()
    folder = bundle_folder(request.bundle)
    _require_base(options, folder)
    progress = _ProgressLines()
    system = load_system(folder, part(progress, 0.0, LOADING))
    motions, report = system.generate(request, part(progress, LOADING, 1.0), lambda: False)
    write(options.out, motions[report.chosen])
    report = replace(report, warnings=(*warnings, *report.warnings))
    _print({"out": str(options.out), **report.to_dict()}, owned)
    return 0


def _describe(options, load_system: Callable, owned: tuple[int, int] | None) -> int:
    (motion, _), folder = files.read(options.file), bundle_folder(options.bundle)
    _require_base(options, folder)
    count = options.captions
    if count is None:
        count = CAPTIONS if "describe" in bundles.read_manifest(folder).tasks else 0
    request = DescribeRequest(
        motion, count, options.seed, options.temperature, options.top_k, options.top_p, options.bundle
    )
    answer = {"file": str(options.file), "captions": [], "warnings": [], **describe(motion)}
    if request.captions:
        progress = _ProgressLines()
        system = load_system(folder, part(progress, 0.0, LOADING))
        answer["captions"], answer["warnings"] = system.describe(request, part(progress, LOADING, 1.0), lambda: False)
    _print(answer, owned)
    return 0


def _require_base(options, folder: Path) -> None:
    """RequestError for a base model that the bundle would not use."""
    if options.base_model is not None and "base_model" not in bundles.read_manifest(folder).config:
        problem = f"--base-model {options.base_model} was given, and bundle {folder} has weights of its own"
        raise RequestError("bad_request", problem, "Leave --base-model out, or name another bundle with --bundle.")


def _print(answer: dict, owned: tuple[int, int] | None) -> None:
    """One line of JSON on the standard output, which no library can write to where it is ``owned``."""
    line = json.dumps(answer) + "\n"
    if owned is None:
        sys.stdout.write(line)
        return
    with os.fdopen(owned[1], "wb", closefd=False) as stream:
        stream.write(line.encode())
