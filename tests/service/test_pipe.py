"""The service over a real pipe, with a fake system (fake_backend.py)."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from backend.motion.motion import Motion
from backend.motion.skeleton import canonical
from backend.protocol import GenerateAnswer, Take
from backend.service import rpc
from backend.wire import CANCELLED, decode_motion, encode_motion

ROOT = Path(__file__).resolve().parents[2]


def takes(messages, request_id):
    return [m["params"] for m in messages if m.get("method") == "motion/take" and m["params"]["id"] == request_id]


def check_error(message, kind, code=None):
    error = message["error"]
    assert error["data"]["kind"] == kind and "\n" not in error["message"] and "Traceback" not in error["message"]
    assert code is None or error["code"] == code
    return error


def test_generate_answers_with_takes_report_and_progress(backend):
    backend.generate(1, "walk", takes=3, seed=5, fps=[24000, 1001], seconds=2)
    answer, before = backend.answer(1)
    result = GenerateAnswer.from_dict(answer["result"])
    arrived = [Take.from_dict(t) for t in takes(before, 1)]
    assert result.takes == 3 and [t.index for t in arrived] == [0, 1, 2]
    assert len(arrived[0].motion) == 48 == result.report.frames
    assert np.allclose(arrived[2].motion.root - arrived[0].motion.root, [2, 0, 0], atol=1e-6)
    stages = [m["params"]["stage"] for m in before if m.get("method") == "$/progress"]
    assert stages[0] == "Loading" and stages[-1] == "Generating"
    fractions = [m["params"]["fraction"] for m in before if m.get("method") == "$/progress"]
    assert fractions == sorted(fractions) and fractions[0] == 0.0 and fractions[-1] == 1.0
    assert 0.0 < fractions[stages.index("Generating")] < 1.0, "loading has its share of one bar"
    backend.generate("two", "walk", seed=5)
    _, before = backend.answer("two")
    assert before[0]["params"]["fraction"] == 0.0, "nothing was loaded: generating has the whole bar"
    assert "Loading" not in [m["params"].get("stage") for m in before], "the system stays loaded"


def test_prints_of_libraries_do_not_reach_the_protocol(backend):
    backend.generate(1, "print")
    answer, before = backend.answer(1)
    assert "result" in answer and len(takes(before, 1)) == 1
    log = backend.log.read_text(encoding="utf-8")
    for said in ("print from Python: \u00e9\u4eba", "hello from C", "from a child process"):
        assert said in log


def test_two_requests_are_both_answered_in_order(backend):
    backend.generate(1, "walk", seconds=10, takes=16)
    backend.generate(2, "walk")
    first, _ = backend.answer(1)
    second, between = backend.answer(2)
    assert "result" in first and "result" in second
    assert len(takes(between, 2)) == 1 and not takes(between, 1)


def test_a_waiting_request_says_so_and_can_be_cancelled(backend):
    backend.generate(1, "wait")
    backend.progress(1, "Generating")
    backend.generate(2, "walk")
    waiting, _ = backend.until(lambda m: m.get("method") == "$/progress" and m["params"]["id"] == 2)
    assert waiting["params"]["stage"].startswith("Waiting")
    backend.cancel(2)
    check_error(backend.answer(2)[0], "cancelled", CANCELLED)
    backend.generate(3, "walk")
    backend.cancel(1)
    check_error(backend.answer(1)[0], "cancelled")
    answer, between = backend.answer(3)
    assert "result" in answer and not [m for m in between if m.get("params", {}).get("id") in (1, 2)]


@pytest.mark.parametrize("word", ["wait", "poll", "deaf"])
def test_cancel_is_acknowledged_at_once_and_late_results_are_dropped(backend, word):
    backend.generate(1, word)
    backend.progress(1, "Generating")
    start = time.monotonic()
    backend.cancel(1)
    check_error(backend.answer(1)[0], "cancelled", CANCELLED)
    assert time.monotonic() - start < 0.5
    backend.generate(1, "walk", takes=2)  # the id is free again; a thread that hangs does not hold up the next request
    answer, between = backend.answer(1)
    assert answer["result"]["takes"] == 2 and len(takes(between, 1)) == 2
    backend.generate(2, "walk")
    _, between = backend.answer(2)
    assert all(m["params"]["id"] == 2 for m in between)


def test_a_slow_loader_is_heard_of(backend, tmp_path):
    backend.generate(1, "walk", bundle=str(tmp_path / "slow"))
    answer, before = backend.answer(1)
    told = [m["params"] for m in before if m.get("method") == "$/progress"]
    waits = [t for t in told if t["stage"] == "Starting the engine"]
    assert "result" in answer and len(waits) >= 3 and len({t["fraction"] for t in waits}) == 1
    assert told[-1]["stage"] == "Generating", "no heartbeat after loading"
    backend.generate(2, "walk")
    _, before = backend.answer(2)
    assert all(m["params"]["id"] == 2 for m in before)


def test_a_damaged_bundle_is_a_fact_and_one_remedy(backend, tmp_path):
    for method in ("models/load", "motion/generate"):
        bundle = {"bundle": str(tmp_path / "gone"), "segments": [{"text": "walk"}]}
        backend.send(id=method, method=method, params=bundle)
        error = check_error(backend.answer(method)[0], "bundle")
        assert (error["message"], error["data"]["action"]) == (
            f"there is no bundle folder {tmp_path / 'gone'}", "Use another bundle."
        )  # fmt: skip


def test_a_hanging_loader_can_be_cancelled(backend, tmp_path):
    backend.send(id=1, method="models/load", params={"bundle": str(tmp_path / "hang")})
    backend.progress(1, "Loading")
    backend.cancel(1)
    check_error(backend.answer(1)[0], "cancelled")
    backend.generate(2, "walk")
    assert "result" in backend.answer(2)[0]


def test_after_three_stuck_requests_the_backend_asks_to_be_restarted(backend):
    for request_id in range(3):
        backend.generate(request_id, "deaf")
        backend.progress(request_id, "Generating")
        backend.cancel(request_id)
        backend.answer(request_id)
    time.sleep(0.6)  # the grace of the last one
    backend.generate(9, "walk")
    assert "restart" in check_error(backend.answer(9)[0], "busy")["data"]["action"]


def test_bad_parameters_are_told_while_another_request_runs(backend):
    backend.generate(1, "wait")
    backend.progress(1, "Generating")
    for method in ("motion/describe", "motion/generate"):
        backend.send(id=method, method=method, params={})
        answer, before = backend.answer(method)
        assert "error" in answer and not [m for m in before if m["params"]["id"] == method], "it was not queued"


def test_only_an_id_cancels(backend):
    backend.generate(1, "wait")
    backend.progress(1, "Generating")
    backend.cancel(True)
    backend.send(id=2, method="initialize", params={})
    assert not [m for m in backend.answer(2)[1] if "error" in m], "True is not 1"
    backend.cancel(1)
    check_error(backend.answer(1)[0], "cancelled")


def test_cancelling_what_is_not_there_is_no_error(backend):
    backend.cancel(77)
    backend.send(method="$/cancelRequest", params={"id": [1]})
    backend.send(method="$/somethingNew", params={})
    backend.send(id=1, method="initialize", params={})
    answer, before = backend.answer(1)
    assert "result" in answer and not before


@pytest.mark.parametrize(
    "junk",
    [
        b"hello\r\n",
        b"\x00\xff" * 5000 + b"\n",
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: 99999999999\r\n\r\n",
        b"Content-Length: 5\r\n\r\n{]{]{",
        b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc",
        b"Content-Length: 2\r\n\r\n[]",
        b"Content-Length: 3\r\n\r\nNaN",
        b"Content-Length: 100000\r\n\r\n" + b"[" * 100000,
        b"Content-Length: 6\r\n" + b"x" * 9000 + b"\r\n\r\n",
    ],
)
def test_junk_gets_an_error_and_the_next_request_an_answer(backend, junk):
    backend.raw(junk)
    backend.send(id=1, method="initialize", params={})
    answer, before = backend.answer(1)
    assert "result" in answer and 1 <= len(before) <= 3
    for message in before:
        assert message["id"] is None
        check_error(message, "junk", -32700)


@pytest.mark.parametrize(
    "message, kind",
    [
        ({"id": 1, "method": "nothing/here"}, "bad_request"),
        ({"id": 1}, "junk"),
        ({"id": 1, "method": "initialize", "jsonrpc": "1.0"}, "junk"),
        ({"id": 1, "method": "initialize", "params": [1]}, "bad_request"),
        ({"id": 1, "method": "models/list", "params": {"folders": "x"}}, "bad_request"),
        ({"id": 1, "method": "models/load", "params": {"bundle": 3}}, "bundle"),
        ({"id": 1, "method": "motion/describe", "params": {}}, "bad_request"),
        ({"id": 1, "method": "motion/generate", "params": {}}, "empty_prompt"),
        ({"id": 1, "method": "motion/generate", "params": {"segments": 3}}, "bad_request"),
        ({"id": 1, "method": "motion/generate", "params": {"segments": [{"text": "  "}]}}, "empty_prompt"),
        ({"id": 1, "method": "motion/generate", "params": {"segments": []}}, "empty_prompt"),
    ],
)
def test_bad_requests_get_their_kind(backend, message, kind):
    backend.send(**message)
    check_error(backend.answer(1)[0], kind)


def test_an_id_that_is_none_of_ours_is_refused(backend):
    for request_id in (None, 1.5, True, [1], "x" * 1000):
        backend.send(id=request_id, method="initialize", params={})
        check_error(backend.receive(), "junk", -32600)


def test_a_second_request_with_the_id_of_a_running_one_is_refused(backend):
    backend.generate(1, "wait")
    backend.progress(1, "Generating")
    backend.generate(1, "walk")
    assert "already" in check_error(backend.answer(1)[0], "bad_request")["message"]


def test_failures_are_errors_and_the_next_request_works(backend, tmp_path):
    for word in ("crash", "exit", "nan"):
        backend.generate(word, word)
        check_error(backend.answer(word)[0], "internal", -32603)
    assert "Traceback" in backend.log.read_text(), "the log has what the client does not get"
    for name, kind in (("nowhere", "bundle"), ("missing_package", "engine")):
        backend.generate(name, "walk", bundle=str(tmp_path / name))
        assert check_error(backend.answer(name)[0], kind)["data"]["action"]
    backend.generate(1, "walk")
    assert "result" in backend.answer(1)[0]


def test_too_many_requests_are_refused(backend):
    for request_id in range(20):
        backend.generate(request_id, "wait")
    check_error(backend.answer(19)[0], "busy")


def test_describe(backend):
    rotations = np.zeros((60, 22, 4))
    rotations[..., 0] = 1.0
    motion = Motion(canonical(), np.tile([0.0, 0.95, 0.0], (60, 1)), rotations)
    assert np.allclose(decode_motion(encode_motion(motion)).root, motion.root)
    backend.send(id=1, method="motion/describe", params={"motion": encode_motion(motion)})
    result = backend.answer(1)[0]["result"]
    assert result["facts"]["seconds"] == pytest.approx(2.0)
    assert result["sentence"].startswith("A person ") and "stands still" in result["sentence"]
    assert result["captions"] == result["warnings"] == [], "no model is asked"
    backend.send(id=2, method="motion/describe", params={"motion": encode_motion(motion), "captions": 2})
    answer, before = backend.answer(2)
    assert answer["result"] == result | {"captions": ["caption 0", "caption 1"], "warnings": ["it is long"]}
    # the first request may still be leaving when the second comes: then that one is told that it waits
    assert [m["params"]["stage"] for m in before][-2:] == ["Loading", "Describing"]
    backend.send(id=3, method="motion/describe", params={"motion": encode_motion(motion), "captions": 99})
    check_error(backend.answer(3)[0], "bad_captions")


def test_shutdown_answers_everybody_and_ends(backend):
    backend.generate(1, "wait")
    backend.progress(1, "Generating")
    backend.generate(2, "walk")
    backend.send(id=3, method="shutdown")
    answer, before = backend.answer(3)
    assert answer["result"] is None
    assert {m["id"] for m in before if "error" in m} == {1, 2}
    assert backend.ended() == 0


@pytest.mark.parametrize("word", ["wait", "deaf", "walk"])
def test_ends_when_the_pipe_closes(backend, word):
    backend.generate(1, word)
    backend.progress(1, "Generating")
    backend.process.stdin.close()
    assert backend.ended() == 0


def test_ends_when_nobody_reads_its_answers(backend):
    backend.send(id=1, method="initialize", params={})
    backend.answer(1)
    reader = backend.process.stdout
    os.dup2(os.open(os.devnull, os.O_RDONLY), reader.fileno())  # closes our end of the pipe under the reading thread
    backend.generate(2, "wait")
    assert backend.ended() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("named", [False, True])
def test_ends_when_its_parent_is_killed_although_the_pipe_stays_open(named):
    """The test holds both ends of the pipes, as another child of Blender that inherited them would."""
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    # with --parent the killed process is the grandparent: something stands between the two
    start = f"""
        import os, subprocess, sys, time
        command = [sys.executable, "-m", "backend", "serve"]
        if {named}:
            command += ["--parent", str(os.getpid())]
            command = [sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])", *command]
        subprocess.Popen(command, stdin={to_read}, stdout={from_write}, close_fds=False)
        time.sleep(60)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(start)], pass_fds=(to_read, from_write), cwd=ROOT)
    os.close(to_read)
    os.close(from_write)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize"}).encode()
    os.write(to_write, b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    with os.fdopen(from_read, "rb") as answers:
        pid = next(rpc.messages(answers))["result"]["pid"]
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        wait_until(lambda: not running(pid))
    os.close(to_write)


def running(pid) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, deadline=10.0):
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def test_real_backend_starts_without_heavy_imports(start):
    backend = start(sys.executable, "-m", "backend", "serve")
    backend.send(id=1, method="initialize", params={})
    info = backend.answer(1)[0]["result"]
    assert info["protocol"] == 1 and info["limits"]["takes"] == 16 and "motion/generate" in info["methods"]
    backend.process.stdin.close()
    assert backend.ended() == 0
    code = "import sys, backend.cli; print([m for m in ('torch', 'transformers', 'scipy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert found.stdout.strip() == "[]"
