"""A backend process with a fake system, served over its real standard streams.

The prompt's first word is what it does. An argument is the number of seconds after which it ends without work."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from backend.service import streams  # noqa: E402

OWNED = streams.claim()

import time  # noqa: E402

import numpy as np  # noqa: E402

from backend import bundles  # noqa: E402
from backend.motion.motion import Motion  # noqa: E402
from backend.motion.skeleton import canonical  # noqa: E402
from backend.protocol import Report  # noqa: E402
from backend.service.server import serve  # noqa: E402

HANG = 60.0  # seconds: longer than any test waits


class FakeSystem:
    def describe(self, request, progress, cancelled):
        progress("Describing", 0.0)
        return [f"caption {i}" for i in range(request.captions)], ["it is long"]

    def generate(self, request, progress, cancelled):
        word, slide = request.segments[0].text.split()[0], 0.5
        progress("Generating", 0.0)
        if word == "print":
            print("print from Python: \u00e9\u4eba")
            sys.stdout.flush()
            os.write(1, b"Content-Length: 5\r\n\r\nhello from C\n")
            os.system("echo from a child process")
            if sys.stdin.read():
                raise AssertionError("a library can read the protocol")
        elif word == "wait":  # obeys a cancellation, through progress
            for i in range(int(HANG / 0.01)):
                progress("Generating", i * 0.01 / HANG)
                time.sleep(0.01)
        elif word == "poll":  # obeys a cancellation, but hands in its result all the same
            while not cancelled():
                time.sleep(0.01)
        elif word == "deaf":
            time.sleep(HANG)
        elif word == "crash":
            raise RuntimeError("secret\ntraceback")
        elif word == "exit":
            sys.exit(3)
        elif word == "nan":
            slide = float("nan")
        frames = request.frames or 40
        rotations = np.zeros((frames, 22, 4))
        rotations[..., 0] = 1.0
        root = np.random.default_rng(request.seed).normal(size=(frames, 3))
        motion = Motion(canonical(), root, rotations, request.fps)
        if word != "poll":  # progress would raise, and the late result never be seen
            progress("Generating", 1.0)
        report = Report("fake 1", "fake", "none", "cpu", request.seed, frames, foot_slide=slide)
        return [motion.moved(0.0, (i, 0, 0)) for i in range(request.takes)], report


def load_system(folder, progress):
    progress("Loading", 0.0)
    if folder.name == "hang":
        time.sleep(HANG)
    elif folder.name == "slow":  # imports something big
        progress("Starting the engine", 0.2)
        time.sleep(0.8)
    elif folder.name == "missing_package":
        import package_that_does_not_exist  # noqa: F401
    elif folder != bundles.default_bundle_path():
        bundles.load(folder)
    progress("Loading", 1.0)
    return FakeSystem()


if __name__ == "__main__":
    serve(OWNED, load_system, idle=float(sys.argv[1]) if sys.argv[1:] else None, grace=0.2, heartbeat=0.1)
