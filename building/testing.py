"""The whole check in one go: style, tests on Python 3.11, the built zip inside three Blenders and real windows."""

from __future__ import annotations

import os
import re
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import environments, offline, packing, processes, pythons, system_libraries
from .console import Console, Failure
from .environments import BPY42, BPY45, BPY52, ROOT, TORCH, Environment

RUFF_LIMIT_S = 60
TESTS_LIMIT_S = 540
BLENDER_LIMIT_S = 360
WINDOW_LIMIT_S = 540
NUMPY_2 = "tests/motion, tests/engines on numpy 2"
# these compare engines on a bundle that torch makes
NEED_TORCH = ("tests/engines/test_parity.py", "tests/engines/test_hardening.py")
# what one whole run may take on two cores once the environments are there; more is said, but fails nothing
BUDGET_S = 15 * 60
SLOWEST = 5
TWO = "--numprocesses=2"
# a file shares fixtures, so one process runs it; with more threads each the processes would fight for the cores
SHARED = (TWO, "--dist=loadfile")
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
SLOW_TEST = re.compile(r"^\d+\.\d+s (call|setup|teardown) ")
# pytest's own code for "nothing was collected"
NO_TESTS = 5


@dataclass(frozen=True)
class Row:
    """One line of the summary: what ran, its counts, and a reason where it did not run or did not pass."""

    title: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    reason: str = ""

    @property
    def word(self) -> str:
        if self.failed:
            return "FAIL"
        return "SKIP" if self.skipped and not self.passed and self.reason else "ok"


class Checks:
    """Runs the checks one after the other and keeps their rows; a check that fails does not stop the next."""

    def __init__(self, console: Console, reports: Path):
        self.console, self.reports = console, reports
        self.rows: list[Row] = []

    def skip(self, title: str, reason: str) -> None:
        self.console.line(f"SKIP {title}: {reason}")
        self.rows.append(Row(title, skipped=1, reason=reason))

    def fail(self, title: str, failure: Failure) -> None:
        self.console.failure(failure)
        self.rows.append(Row(title, failed=1, reason=failure.message.splitlines()[0]))

    def command(self, title: str, command: Sequence[str | Path], limit_s: float) -> None:
        """A check that passes or fails as a whole, without counts of its own."""
        with self.console.step(title):
            done = processes.run(command, limit_s, cwd=ROOT)
            if not done.ok:
                self.console.note(done.tail())
        self.rows.append(
            Row(title, failed=0 if done.ok else 1, seconds=done.seconds, reason="" if done.ok else done.why())
        )

    def pytest(
        self,
        title: str,
        python: Path,
        arguments: Sequence[str],
        limit_s: float,
        extra: dict[str, str] | None = None,
        before: Sequence[str] = (),
    ) -> None:
        """One pytest run in a process of its own, with ``before`` in front of its command; its counts come from the
        junit file that it writes."""
        report = self.reports / f"{len(self.rows)}.xml"
        command = [*before, python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        command += [f"--durations={SLOWEST}", "--durations-min=2", *arguments]
        with self.console.step(title):
            done = processes.run(
                command,
                limit_s,
                heartbeat=lambda s: self.console.note(f"{s:.0f} s, still running"),
                env={**os.environ, **(extra or {}), "PYTHONUNBUFFERED": "1"},
                cwd=ROOT,
            )
            row = read_row(title, report, done)
            if row.failed:
                self.console.note(done.tail(80))
            else:
                self.console.note("\n".join(n for n in done.lines if n.startswith("SKIPPED") or SLOW_TEST.match(n)))
                self.console.note(done.tail(1))
        self.rows.append(row)

    def summary(self) -> int:
        """Print the table and, last, the sums; returns the exit code."""
        line = self.console.line
        width = max(len(row.title) for row in self.rows)
        line()
        line(f"{'':4}  {'':{width}}  passed  failed  skipped   seconds")
        for row in self.rows:
            counts = f"{row.passed:6}  {row.failed:6}  {row.skipped:7}  {row.seconds:8.1f}"
            line(f"{row.word:4}  {row.title:{width}}  {counts}  {row.reason}".rstrip())
        slowest = sorted((row for row in self.rows if row.seconds), key=lambda row: -row.seconds)[:SLOWEST]
        if slowest:
            line("slowest: " + ", ".join(f"{row.title} {row.seconds:.0f} s" for row in slowest))
        line(f"whole run: {self.console.seconds:.0f} s; the checks {self._verdict(sum(r.seconds for r in self.rows))}")
        passed, failed, skipped = (sum(getattr(r, n) for r in self.rows) for n in ("passed", "failed", "skipped"))
        line(f"{passed} passed, {failed} failed, {skipped} skipped")
        return 1 if failed else 0

    @staticmethod
    def _verdict(seconds: float) -> str:
        """The checks' own seconds, without the making of environments, against the budget."""
        over = "" if seconds <= BUDGET_S else ", which is OVER IT: see the slowest above"
        return f"took {seconds:.0f} s of their {BUDGET_S} s{over}"


def read_row(title: str, report: Path, done: processes.Outcome) -> Row:
    """The counts of one pytest run. A run that ended badly counts as failed even if every test in it passed."""
    passed = failed = skipped = 0
    reason = ""
    if report.is_file():
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            tests, bad, left = (int(suite.get(n, 0)) for n in ("tests", "failures", "skipped"))
            bad += int(suite.get("errors", 0))
            passed, failed, skipped = passed + tests - bad - left, failed + bad, skipped + left
    if done.code == NO_TESTS and not done.timed_out:
        return Row(title, failed=1, seconds=done.seconds, reason="no tests were found")
    if not done.ok:
        failed, reason = max(failed, 1), done.why()
    return Row(title, passed, failed, skipped, done.seconds, reason)


def run_all(console: Console) -> int:
    """Set up what the tests need, run them all, print the summary; the exit code is 0 only if nothing failed."""
    with tempfile.TemporaryDirectory(prefix="posewright-test-") as folder:
        checks = Checks(console, Path(folder))
        torch = _environment(checks, TORCH)
        ready = {blender: _environment(checks, blender) for blender in (BPY42, BPY45)}
        if pythons.find(BPY52.python):
            ready[BPY52] = _environment(checks, BPY52)
        else:
            reason = "no Python 3.13 found (PATH, pyenv, uv); Blender 5.2's module needs it"
            checks.skip("tests/blender in Blender 5.2", reason)
            checks.skip(NUMPY_2, reason)
        zip_path = _build(checks)
        if torch:
            _style_and_tests(checks, torch)
        _inside_blenders(checks, {b: python for b, python in ready.items() if python}, zip_path, torch)
        if ready.get(BPY52):
            left_out = [f"--ignore={file}" for file in NEED_TORCH]
            files = ["tests/motion", "tests/engines", *left_out]
            checks.pytest(NUMPY_2, ready[BPY52], [*files, *SHARED], TESTS_LIMIT_S, ONE_THREAD)
        if torch and zip_path:
            _window(checks, torch, zip_path)
        return checks.summary()


def _environment(checks: Checks, environment: Environment) -> Path | None:
    try:
        python = environments.ensure(environment, checks.console)
        if environment is not TORCH:
            system_libraries.require(environment)
        return python
    except Failure as failure:
        checks.fail(f"environment {environment.name}", failure)
        return None


def _build(checks: Checks) -> Path | None:
    try:
        return packing.build_and_validate(checks.console)
    except Failure as failure:
        checks.fail("build of the extension", failure)
        return None


def _style_and_tests(checks: Checks, python: Path) -> None:
    checks.command("ruff check", [python, "-m", "ruff", "check", "."], RUFF_LIMIT_S)
    checks.command("ruff format --check", [python, "-m", "ruff", "format", "--check", "."], RUFF_LIMIT_S)
    left_out = ["--ignore=tests/blender", "--ignore=tests/window"]
    checks.pytest("tests on Python 3.11", python, ["tests", *left_out, *SHARED], TESTS_LIMIT_S, ONE_THREAD)


def _inside_blenders(
    checks: Checks, pythons_of: dict[Environment, Path], zip_path: Path | None, torch: Path | None
) -> None:
    """The built zip inside each Blender, in a clean profile and, where the system can do that, without networking."""
    if not pythons_of or not zip_path:
        return
    cut = offline.prefix()
    if cut:
        checks.console.line(f"Inside Blender networking is off: {' '.join(cut)}")
    else:
        checks.skip("networking off inside Blender", "unshare (Linux) is not there or not allowed")
    for blender, python in pythons_of.items():
        title = f"tests/blender in {blender.use.removesuffix(' as a Python module')}"
        with tempfile.TemporaryDirectory(prefix="posewright-profile-") as profile:
            extra = {"BLENDER_USER_RESOURCES": profile, "POSEWRIGHT_ZIP": str(zip_path)}
            if torch:
                extra["POSEWRIGHT_PYTHON"] = str(torch)
            checks.pytest(title, python, ["tests/blender", *SHARED], BLENDER_LIMIT_S, extra, cut)


def _window(checks: Checks, python: Path, zip_path: Path) -> None:
    # the test itself looks for each chroot, skips with the reason why it cannot run, and switches networking off
    title, extra = "tests/window in real Blender windows", {"POSEWRIGHT_ZIP": str(zip_path)}
    checks.pytest(title, python, ["tests/window", TWO], WINDOW_LIMIT_S, extra)
