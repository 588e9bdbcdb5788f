import json
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backend import protocol, wire
from backend.motion.limbs import LimbCorrection
from backend.motion.motion import JointKey, KeyPose, Motion
from backend.motion.skeleton import Skeleton, canonical
from backend.protocol import Context, DescribeRequest, GenerateRequest, RequestError, Segment

ROOT = Path(__file__).resolve().parents[1]


def over_the_wire(d):
    return json.loads(json.dumps(d, allow_nan=False))


@given(
    hnp.arrays(
        st.sampled_from([np.dtype(t) for t in wire.ARRAY_TYPES] + [np.dtype(">f4")]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
    )
)
@settings(max_examples=60, deadline=None)
def test_arrays_round_trip(array):
    back = wire.decode_array(over_the_wire(wire.encode_array(array)))
    assert back.shape == array.shape and back.dtype == array.dtype.newbyteorder("<") and back.flags.writeable
    assert np.array_equal(back, array, equal_nan=array.dtype.kind == "f")


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None]), np.array([1j])])
def test_arrays_that_do_not_travel(array):
    with pytest.raises(ValueError, match="do not travel"):
        wire.encode_array(array)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"dtype": "O"}, "dtype 'O' is not one of"),
        ({"dtype": ["<f4"]}, "is not one of"),
        ({"dtype": None}, "is not one of"),
        ({"shape": [3]}, "needs 16 characters, got 12"),
        ({"shape": [-1]}, "whole numbers"),
        ({"shape": [2.0]}, "whole numbers"),
        ({"shape": [True]}, "whole numbers"),
        ({"shape": [1] * 5}, "up to 4"),
        ({"shape": [10**9, 10**9]}, "are more than the accepted"),
        ({"shape": "2"}, "whole numbers"),
        ({"b64": "AAAA"}, "needs 12 characters, got 4"),
        ({"b64": "!!!!!!!!!!!!"}, "base64"),
        ({"b64": "AAAAAAAAAAAA"}, "needs 8 bytes, got 9"),
        ({"b64": 12}, "got int"),
    ],
)
def test_bad_arrays_are_refused(change, message):
    good = wire.encode_array(np.zeros(2, "<f4"))
    with pytest.raises(RequestError, match=message):
        wire.decode_array(good | change)


@pytest.mark.parametrize("d", [None, 3, "text", [], {}, {"dtype": "<f4"}])
def test_what_is_no_message_is_refused(d):
    for decode in (wire.decode_array, wire.decode_motion, wire.decode_skeleton, GenerateRequest.from_dict):
        with pytest.raises(RequestError):
            decode(d)


def test_motion_round_trip():
    rng = np.random.default_rng(1)
    motion = Motion(canonical(), rng.normal(size=(9, 3)), rng.normal(size=(9, 22, 4)), 23.976, rng.random((9, 4)) > 0.5)
    back = wire.decode_motion(over_the_wire(wire.encode_motion(motion)))
    assert back.fps == Fraction(24000, 1001) and np.array_equal(back.contacts, motion.contacts)
    assert np.allclose(back.root, motion.root, atol=1e-6) and np.allclose(back.rotations, motion.rotations, atol=1e-6)
    assert np.array_equal(back.skeleton.offsets, motion.skeleton.offsets)


@pytest.mark.parametrize(
    ("part", "array", "message"),
    [
        ("root", np.full((9, 3), np.nan), "NaN"),
        ("root", np.full((9, 3), 1e30), "m from the origin"),
        ("rotations", np.zeros((9, 22, 4)), "the rotation of pelvis at frame 0 has no direction"),
    ],
)
def test_a_motion_that_can_be_none_is_refused(part, array, message):
    with pytest.raises(RequestError, match=message):
        wire.decode_motion(wire.encode_motion(moved()) | {part: wire.encode_array(array)})


def moved(frames=9, kind="smpl22", fps=Fraction(24)) -> Motion:
    rng = np.random.default_rng(frames)
    skeleton = canonical(kind)
    return Motion(skeleton, rng.normal(size=(frames, 3)), rng.normal(size=(frames, len(skeleton), 4)), fps)


def test_request_round_trip():
    key = KeyPose(17, {"left_wrist": JointKey(position=np.array([0.1, 1.0, 0.2]))}, height=0.9)
    request = GenerateRequest(
        [Segment("a person walks", 10, 58)],
        fps=(24000, 1001),
        seconds=2,
        seed=3,
        takes=4,
        skeleton=canonical(),
        correction=LimbCorrection(0.25, 0.75),
        origin=(1.0, -2.0),
        heading=0.5,
        keys=[key],
        timed=False,
        context=Context(moved(fps=Fraction(24000, 1001)), moved(3, fps=Fraction(24000, 1001))),
        task="fill",
        temperature=0.9,
        top_k=50,
        top_p=0.9,
        guidance=2.0,
    )
    back = GenerateRequest.from_dict(over_the_wire(request.to_dict()))
    # the motions' last bits move when they are made unit quaternions again
    assert back.to_dict() | {"context": 0} == request.to_dict() | {"context": 0}
    assert back.segments == request.segments and back.fps == Fraction(24000, 1001) and back.frames == 48
    assert back.keys[0].joints["left_wrist"].position.tolist() == [0.1, 1.0, 0.2]
    assert (back.text, back.start, back.task, back.timed) == ("a person walks", 10, "fill", False)
    assert back.correction == LimbCorrection(0.25, 0.75)
    assert (
        np.allclose(back.context.before.root, request.context.before.root, atol=1e-6) and len(back.context.after) == 3
    )
    back.require_supported()


def test_keys_and_motions_may_stand_for_a_text():
    key = KeyPose(0, {"spine1": JointKey(rotation=np.array([1.0, 0, 0, 0]))})
    assert GenerateRequest(keys=(key,)).text == ""
    assert GenerateRequest([Segment("", 7)], keys=(KeyPose(9),)).start == 7
    assert GenerateRequest(context=Context(before=moved()), fps=24).frames is None


def test_timed_keys_are_put_in_order_and_others_left_in_theirs():
    keys = [KeyPose(20), KeyPose(3), KeyPose(9)]
    assert [k.frame for k in GenerateRequest([Segment("walk")], keys=keys).keys] == [3, 9, 20]
    assert [k.frame for k in GenerateRequest([Segment("walk")], keys=keys, timed=False).keys] == [20, 3, 9]


@pytest.mark.parametrize(
    "frames, options, message",
    [
        (range(17), {}, "17 key poses were given, at most 16 are accepted"),
        ([-1], {}, "frame -1 lies outside the span, frames 0 to 299"),
        ([300], {}, "frame 300 lies outside the span, frames 0 to 299"),
        ([60], {"seconds": 2}, "frame 60 lies outside the span, frames 0 to 59"),
        ([9], {"segments": [Segment("walk", 10)]}, "frame 9 lies outside the span, frames 10 to 309"),
        ([5, 8, 5], {}, "two key poses lie at frame 5"),
    ],
)
def test_keys_that_do_not_fit_say_so(frames, options, message):
    with pytest.raises(RequestError, match=message) as error:
        GenerateRequest(**{"segments": [Segment("walk")], "keys": [KeyPose(f) for f in frames], **options})
    assert error.value.kind == "bad_keys" and error.value.action


@pytest.mark.parametrize("part", ["height", "heading"])
def test_a_key_without_a_number_is_refused(part):
    with pytest.raises(RequestError, match="the key pose at frame 0 holds NaN or infinite numbers"):
        GenerateRequest([Segment("walk")], keys=[KeyPose(0, **{part: float("nan")})])


@pytest.mark.parametrize(
    "key",
    [
        {"height": 1e9},
        {"height": -1e308},
        {"heading": 1e9},
        {"ground": np.array([0.0, 1e9])},
        {"joints": {"head": JointKey(position=np.array([1e9, 0, 0]))}},
    ],
)
def test_a_key_beyond_all_scenes_is_refused(key):
    with pytest.raises(RequestError, match=r"holds a place, height or heading beyond 1e\+06") as error:
        GenerateRequest([Segment("walk")], keys=[KeyPose(0, **key)])
    assert error.value.kind == "bad_keys"


def test_the_span_of_the_prompt_is_the_length():
    assert GenerateRequest([Segment("walk", 10, 40)]).frames == 30
    for fps in (24, (24000, 1001), 60, 12.5):
        assert GenerateRequest([Segment("walk", 0, 97)], fps=fps).frames == 97
    assert GenerateRequest([Segment("walk", 10, 58)], fps=(24000, 1001), seconds=2).frames == 48
    with pytest.raises(RequestError, match="the prompt spans 1 seconds, 2 seconds were asked for"):
        GenerateRequest([Segment("walk", 0, 30)], seconds=2)
    for frames in (1, 301, 10**400):
        with pytest.raises(RequestError):
            GenerateRequest([Segment("walk", 0, frames)])


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Context(), "holds no motion"),
        (lambda: GenerateRequest(context=Context(moved())), r"has the rate \[24, 1\], the scene \[30, 1\]"),
        (lambda: GenerateRequest(context=Context(moved(), moved(kind="smplx52")), fps=24), "different skeletons"),
        (
            lambda: GenerateRequest(
                context=Context(moved()), fps=24, skeleton=canonical().with_offsets(np.ones((22, 3)))
            ),
            "different skeletons",
        ),
        (
            lambda: GenerateRequest(context=Context(Motion(TAIL, np.zeros((2, 3)), np.ones((2, 2, 4)), 24)), fps=24),
            "kind 'other' was given; known are smpl22, smplx52",
        ),
    ],
)
def test_motions_that_do_not_fit_say_so(make, message):
    with pytest.raises(RequestError, match=message) as error:
        make()
    assert error.value.kind == "bad_context" and error.value.action


BIG = canonical().with_offsets(2 * canonical().offsets)
TAIL = Skeleton("other", ("hip", "tail"), (-1, 0), np.zeros((2, 3)))


def test_describe_round_trip():
    request = DescribeRequest(moved(), 3, 7, temperature=0.5, top_k=9, top_p=0.8, bundle="b")
    back = DescribeRequest.from_dict(over_the_wire(request.to_dict()))
    assert (back.captions, back.seed, back.temperature, back.top_k, back.top_p, back.bundle) == (3, 7, 0.5, 9, 0.8, "b")
    assert np.allclose(back.motion.root, request.motion.root, atol=1e-6)
    plain = DescribeRequest.from_dict({"motion": wire.encode_motion(moved())})
    assert (plain.captions, plain.bundle) == (0, None), "a caption is only made when it is asked for"


@pytest.mark.parametrize(
    "change, kind",
    [
        ({"captions": 17}, "bad_captions"),
        ({"captions": -1}, "bad_captions"),
        ({"captions": 1.5}, "bad_captions"),
        ({"seed": -1}, "bad_seed"),
        ({"top_p": float("nan")}, "bad_top_p"),
        ({"bundle": 3}, "bundle"),
        ({"motion": None}, "bad_request"),
    ],
)
def test_bad_describe_requests_say_what_to_change(change, kind):
    with pytest.raises(RequestError) as error:
        DescribeRequest.from_dict({"motion": wire.encode_motion(moved())} | change)
    assert error.value.kind == kind and error.value.action


def test_newer_fields_are_ignored_and_defaults_hold():
    request = GenerateRequest.from_dict({"segments": [{"text": "walk"}], "from_the_future": 1})
    assert request.frames is None and request.fps == 30 and request.takes == 1
    request.require_supported()
    keyed = GenerateRequest.from_dict({"keys": [{"frame": 3}]})
    assert keyed.segments == () and keyed.keys[0].frame == 3, "a text is not needed beside keys"


@pytest.mark.parametrize(
    "change, kind",
    [
        ({"segments": [{"text": ""}]}, "empty_prompt"),
        ({"segments": [{"text": " \n"}]}, "empty_prompt"),
        ({"segments": [{"text": None}]}, "empty_prompt"),
        ({"segments": [{"text": "x" * 501}]}, "prompt_too_long"),
        ({"segments": [{"text": "\ud800"}]}, "bad_prompt"),
        ({"segments": [{"text": "walk", "start": 5, "end": 5}]}, "bad_request"),
        ({"segments": [{"text": "walk", "start": "now"}]}, "bad_request"),
        ({"segments": [{"text": "walk", "start": True}]}, "bad_request"),
        ({"segments": [{"text": "walk", "end": 10**400}]}, "bad_request"),
        ({"segments": [{"text": "walk", "end": 301}]}, "bad_seconds"),
        ({"segments": [{"text": "walk", "end": 60}], "seconds": 10**400}, "bad_seconds"),
        ({"segments": "walk"}, "bad_request"),
        ({"seconds": 0.1}, "bad_seconds"),
        ({"seconds": 10.5}, "bad_seconds"),
        ({"seconds": "5"}, "bad_seconds"),
        ({"seconds": float("nan")}, "bad_seconds"),
        ({"seconds": 10**400}, "bad_seconds"),
        ({"fps": 0}, "bad_fps"),
        ({"fps": [24, 0]}, "bad_fps"),
        ({"fps": [24]}, "bad_fps"),
        ({"fps": "1e999999999"}, "bad_fps"),
        ({"fps": float("inf")}, "bad_fps"),
        ({"fps": None}, "bad_fps"),
        ({"fps": True}, "bad_fps"),
        ({"takes": 0}, "bad_takes"),
        ({"takes": 17}, "bad_takes"),
        ({"takes": 1.5}, "bad_takes"),
        ({"takes": True}, "bad_takes"),
        ({"seed": -1}, "bad_seed"),
        ({"seed": 2**40}, "bad_seed"),
        ({"temperature": -1}, "bad_temperature"),
        ({"guidance": float("inf")}, "bad_guidance"),
        ({"top_k": 1.5}, "bad_top_k"),
        ({"top_k": -1}, "bad_top_k"),
        ({"top_p": 1.1}, "bad_top_p"),
        ({"task": 3}, "task"),
        ({"task": "x" * 41}, "task"),
        ({"timed": 1}, "bad_request"),
        ({"context": {}}, "bad_context"),
        ({"context": {"before": 3}}, "bad_request"),
        ({"context": 3}, "bad_request"),
        ({"origin": [1]}, "bad_request"),
        ({"origin": [1, "x"]}, "bad_request"),
        ({"heading": None}, "bad_request"),
        ({"correction": None}, "bad_request"),
        ({"correction": {"feet": 1.5}}, "bad_correction"),
        ({"correction": {"feet": float("nan")}}, "bad_correction"),
        ({"correction": {"feet": 1.0, "hands": "all"}}, "bad_correction"),
        ({"keys": [{"joints": {}}]}, "bad_request"),
        ({"keys": [3]}, "bad_request"),
        ({"keys": [{"frame": 1.5}]}, "bad_request"),
        ({"skeleton": {"kind": "smpl22", "names": ["a"], "parents": [-1], "offsets": [[0, 0, 0]]}}, "bad_request"),
        ({"skeleton": {"names": ["a"] * 1000}}, "bad_request"),
        ({"bundle": ""}, "bundle"),
        ({"bundle": 3}, "bundle"),
    ],
)
def test_bad_requests_say_what_to_change(change, kind):
    with pytest.raises(RequestError) as error:
        GenerateRequest.from_dict({"segments": [{"text": "walk"}]} | change)
    assert error.value.kind == kind and error.value.action
    back = RequestError.from_dict(over_the_wire(error.value.to_dict()))
    assert (back.kind, str(back), back.action) == (kind, str(error.value), error.value.action)


def test_several_segments_are_not_supported_yet():
    with pytest.raises(RequestError, match="2 text segments"):
        GenerateRequest([Segment("a", 0, 5), Segment("b", 5, 9)]).require_supported()


def test_report_and_info_round_trip():
    report = protocol.Report(
        "b 1", "motiongpt2", "torch", "cpu", np.int64(3), 48, {"decode": np.float32(0.5)}, 1, "most steps", [0.1, 0.9],
        task="predict", made=(np.int64(24), 48), correction=LimbCorrection(0.5),
    )  # fmt: skip
    back = protocol.Report.from_dict(over_the_wire(report.to_dict()))
    assert back.stage_seconds == {"decode": 0.5} and back.scores == (0.1, 0.9) and back.foot_slide is None
    assert (back.task, back.made, back.correction) == ("predict", (24, 48), LimbCorrection(0.5, 1.0))
    older = {k: v for k, v in report.to_dict().items() if k not in ("task", "made", "correction")}
    assert protocol.Report.from_dict(older).correction is None
    assert (protocol.Report.from_dict(older).task, protocol.Report.from_dict(older).made) == ("", None)
    info = protocol.ServerInfo(1, "0", "3", 5, ("a",), (), (), ("numpy", "torch"), None, "numpy", "it is small")
    assert protocol.ServerInfo.from_dict(over_the_wire(info.to_dict())) == info
    older = {k: v for k, v in info.to_dict().items() if not k.startswith("engine_") and k != "engine"}
    assert protocol.ServerInfo.from_dict(older).engine == ""


def test_importable_from_the_addon():
    """Only the standard library, numpy and backend.motion: Blender's Python has nothing else."""
    code = """
import sys, numpy
before = set(sys.modules)
import backend.protocol
new = {m for m in set(sys.modules) - before if not m.startswith(("numpy.", "backend"))}
print([m for m in new if m.split(".")[0] not in sys.stdlib_module_names])
light = ("backend.motion", "backend.protocol", "backend.wire")
print([m for m in sys.modules if m.startswith("backend.") and not m.startswith(light)])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]


def test_the_version_is_that_of_the_project():
    text = (ROOT / "pyproject.toml").read_text()
    assert re.search(r'^version = "(.*)"', text, re.M).group(1) == protocol.POSEWRIGHT_VERSION
