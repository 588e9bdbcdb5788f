"""A backend that speaks the protocol without any model, and misbehaves on demand. Standard library only.

    fake_backend.py MODE PROGRAM [ARGUMENTS OF python]

ok          answers with a made-up walk on the request's skeleton
slow        the same after 20 s of progress; lets go at once when cancelled
late        the same, but answers a cancelled request with its full result nevertheless
deaf        like slow, and never reacts to a cancel
error       answers motion/generate with an error
few         announces one take more than it sends
rest        ends with code 0 after it has made its takes, as a backend does that nobody asks any more
missed      started for the first time, ends so when it is asked to generate; started again, it does that
restless    ends with code 0 whenever it is asked to generate
die         exits with a message on standard error instead of starting
numpyless   the same, as a Python without numpy does
updated     introduces itself with another version of Posewright
die_working exits while generating
killed      ends by SIGKILL while generating, as when the memory runs out
crash       ends by SIGSEGV while generating
junk        writes something that is not a message
hang        never answers anything
silent      accepts the work and says nothing more
old         introduces itself with another protocol version

It appends its arguments to the file PROGRAM.log, a line of JSON each time it is started, and to PROGRAM.asked what it
is asked to generate.
"""

from __future__ import annotations

import base64
import json
import math
import os
import queue
import struct
import sys
import threading
import time
import tomllib
from pathlib import Path

MODE, PROGRAM, *ARGUMENTS = sys.argv[1:]
LOG, ASKED = Path(f"{PROGRAM}.log"), Path(f"{PROGRAM}.asked")
INFO = {
    "protocol": 0 if MODE == "old" else 1,
    # of the add-on, in whose folder it is started
    "version": "9.9.9" if MODE == "updated" else tomllib.loads(Path("blender_manifest.toml").read_text())["version"],
    "python": "3",
    "pid": 0,
    "methods": ["initialize", "motion/generate", "shutdown"],
    "systems": ["fake"],
    "tasks": ["text_to_motion"],
    "engines": ["fake"],
    "engine": "fake",
    "engine_why": "nothing else is pretended here",
    "default_bundle": "fake 1",
}


def send(message: dict) -> None:
    data = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
    sys.stdout.buffer.flush()


def receive(inbox: queue.Queue) -> None:
    while header := sys.stdin.buffer.readline():
        sys.stdin.buffer.readline()
        inbox.put(json.loads(sys.stdin.buffer.read(int(header.split(b":")[1]))))
    inbox.put(None)


def array(values: list[float], *shape: int) -> dict:
    data = struct.pack(f"<{len(values)}f", *values)
    return {"dtype": "<f4", "shape": list(shape), "b64": base64.b64encode(data).decode()}


def walk(request: dict, take: int) -> dict:
    """Every joint swings about an axis of its own; the root walks 1 m/s along the heading, at its height at rest."""
    skeleton, fps = request["skeleton"], request["fps"][0] / request["fps"][1]
    frames = round((request["seconds"] or 2.0) * fps)
    rest = [(0.0, 0.0, 0.0)]
    for parent, offset in list(zip(skeleton["parents"], skeleton["offsets"]))[1:]:
        rest.append(tuple(a + b for a, b in zip(rest[parent], offset)))
    height, (x, z), yaw = -min(p[1] for p in rest), request["origin"], request["heading"]
    root, rotations = [], []
    for t in range(frames):
        s = t / fps
        root += [x + math.sin(yaw) * s, height, z + math.cos(yaw) * s]
        rotations += [math.cos(yaw / 2), 0.0, math.sin(yaw / 2), 0.0]
        for j in range(1, len(rest)):
            axis = [math.sin(j), math.sin(2 * j + 1), math.sin(3 * j + 2)]
            norm = math.sqrt(sum(a * a for a in axis))
            # all joints are at rest in the first frame
            half = 0.4 * math.sin(math.tau * s * (0.5 + 0.1 * (j % 3)) * (1 + take)) * (1 + request["seed"] % 7 / 7)
            rotations += [math.cos(half)] + [a / norm * math.sin(half) for a in axis]
    return {
        "skeleton": skeleton,
        "fps": request["fps"],
        "root": array(root, frames, 3),
        "rotations": array(rotations, frames, len(rest), 4),
        "contacts": None,
    }


def work(key, inbox: queue.Queue) -> bool:
    """Progress until the work is done; True when it was cancelled."""
    cancelled = False
    for i in range(200 if MODE in ("slow", "late", "deaf") else 4):
        send({"method": "$/progress", "params": {"id": key, "stage": "pretending", "fraction": i / 200}})
        try:
            message = inbox.get(timeout=0.1) if MODE in ("slow", "late", "deaf") else inbox.get_nowait()
        except queue.Empty:
            continue
        if message is None:
            sys.exit(0)
        if message["method"] == "$/cancelRequest" and MODE != "deaf":
            cancelled = True
            break
    return cancelled


def generate(key, request: dict, inbox: queue.Queue) -> None:
    with ASKED.open("a") as asked:
        asked.write(json.dumps(request) + "\n")
    if MODE == "die_working":
        print("MemoryError: the fake backend ran out of memory", file=sys.stderr, flush=True)
        os._exit(1)
    if MODE in ("killed", "crash"):
        os.kill(os.getpid(), 9 if MODE == "killed" else 11)
    if MODE == "restless" or (MODE == "missed" and len(LOG.read_text().splitlines()) == 1):
        os._exit(0)  # as the backend does; with sys.exit the thread that reads would be in the way
    if MODE == "error":
        data = {"kind": "bundle", "action": "Install the add-on again."}
        send({"id": key, "error": {"code": -32000, "message": "the bundle has a wrong hash", "data": data}})
        return
    if MODE == "silent":
        time.sleep(60)
    if work(key, inbox) and MODE != "late":
        send({"id": key, "error": {"code": -32800, "message": "cancelled", "data": {"kind": "cancelled"}}})
        return
    takes = request["takes"]
    for take in range(takes):
        params = {"id": key, "index": take, "motion": walk(request, take)}
        send({"method": "motion/take", "params": params})
    report = {
        "bundle": "fake 1",
        "system": "fake",
        "engine": "fake",
        "device": "none",
        "seed": request["seed"],
        "frames": round((request["seconds"] or 2.0) * request["fps"][0] / request["fps"][1]),
        "stage_seconds": {"generate": 0.1},
        "chosen": takes - 1,
        "reason": "the last one is as good as any",
        "scores": [float(t) for t in range(takes)],
        "unknown_words": [],
        "foot_slide": 1.5,
        "key_errors": [{"frame": k["frame"], "cm": 3.14, "degrees": 8.2} for k in request["keys"]],
        "warnings": [],
    }
    send({"id": key, "result": {"takes": takes + (MODE == "few"), "report": report}})


def main() -> None:
    with LOG.open("a") as log:
        log.write(json.dumps(ARGUMENTS) + "\n")
    if MODE in ("die", "numpyless"):
        sys.exit(f"ModuleNotFoundError: No module named '{'numpy' if MODE == 'numpyless' else 'something'}'")
    if MODE == "junk":
        print("Welcome to the fake shell!", flush=True)
    inbox: queue.Queue = queue.Queue()
    threading.Thread(target=receive, args=(inbox,), daemon=True).start()
    while (message := inbox.get()) is not None:
        if MODE == "hang":
            time.sleep(60)
        key, method = message.get("id"), message["method"]
        if method == "initialize":
            send({"id": key, "result": INFO})
        elif method == "motion/generate":
            generate(key, message["params"], inbox)
            if MODE == "rest":
                os._exit(0)
        elif method == "shutdown":
            send({"id": key, "result": None})
            return


main()
