"""From a request to placed motions and their report, on an engine whose codes mean poses one can read."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from backend import systems
from backend.bundles import BundleError
from backend.motion import kinematics
from backend.motion.facts import measure
from backend.motion.features import ms272
from backend.motion.floor import foot_heights, foot_slide, on_floor
from backend.motion.intent import score, slots_of
from backend.motion.limbs import LimbCorrection
from backend.motion.motion import Motion
from backend.motion.skeleton import Skeleton, canonical
from backend.protocol import GenerateRequest, RequestError, Segment
from backend.systems.base import Cancelled
from backend.systems.choosing import on_firm_feet
from backend.systems.motiongpt2 import MotionGPT2
from tests.systems.fake_engine import CODES, STEP, FakeEngine, bundle, only

RATES = (Fraction(24000, 1001), Fraction(24), Fraction(30), Fraction(60))


def silent(stage, fraction):
    pass


def generate(text="a person walks forward", engine=None, progress=silent, **options):
    request = GenerateRequest((Segment(text),), **options)
    return MotionGPT2(bundle(), engine or FakeEngine()).generate(request, progress, lambda: False)


def same(a, b):
    return np.array_equal(a.root, b.root) and np.array_equal(a.rotations, b.rotations)


def decoded(codes):
    return on_floor(ms272.decode(FakeEngine().decode(codes)[0]))


def legs(thigh: float, shin: float) -> Skeleton:
    """The canonical body with legs of other proportions."""
    offsets = canonical().offsets.copy()
    for side in ("left", "right"):
        offsets[canonical().index(f"{side}_knee")] *= thigh
        offsets[canonical().index(f"{side}_ankle")] *= shin
    return canonical().with_offsets(offsets)


# --- length and rate -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", RATES, ids=lambda f: f"{float(f):g}")
@pytest.mark.parametrize("seconds", [0.2, 0.25, 1.0, 1.1, 2.5, 7.77, 10.0])
def test_exactly_the_frames_asked_for(seconds, fps):
    (motion,), report = generate(engine=FakeEngine(only(1)), seconds=seconds, fps=fps)
    assert len(motion) == report.frames == round(Fraction(seconds) * fps) and motion.fps == fps
    # still walking at the end: the codes were enough, no pose was held but for less than one frame of the model
    speed = np.linalg.norm(np.diff(motion.root, axis=0), axis=1) * float(fps) / 30
    within = np.arange(1, len(motion)) * 30 / float(fps) <= 4 * -(-round(seconds * 30) // 4) - 1
    assert np.allclose(speed[1:][within[1:]], STEP, atol=1e-4)


def test_whole_frames_of_the_scene_survive_the_way_through_seconds():
    for fps in RATES:
        for frames in (5, 47, 100, 239):
            if 0.2 <= frames / fps <= 10:
                (motion,), _ = generate(seconds=float(frames / fps), fps=fps)
                assert len(motion) == frames


def test_without_seconds_each_take_has_the_length_that_the_model_chose():
    engine = FakeEngine()
    motions, report = generate(engine=engine, takes=4, fps=24)
    assert len({len(m) for m in motions}) > 1
    lengths = [codes.shape[1] for codes in engine.decoded]
    assert sorted(map(len, motions)) == sorted(int((4 * n - 1) * 24 / 30) + 1 for n in lengths)
    assert report.frames == len(motions[report.chosen])


def test_seconds_ask_for_the_codes_that_cover_them():
    for seconds, codes in ((0.2, 2), (0.4, 3), (1.0, 8), (1.1, 9), (8.8, 66), (10.0, 75)):
        engine = FakeEngine()
        generate(engine=engine, seconds=seconds)
        assert engine.decoded[0].shape == (1, codes)


# --- place, heading, character ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("heading", [0.0, 1.2, -3.0, 9.0])
@pytest.mark.parametrize("own", [0.0, 0.8])
def test_starts_where_and_as_the_request_says(heading, own):
    """``own``: the model's first frame need not face ahead."""
    motions, _ = generate(
        engine=FakeEngine(heading=own), seconds=2, takes=2, origin=(3.5, -2.0), heading=heading, fps=24
    )
    for motion in motions:
        assert np.allclose(motion.root[0, [0, 2]], [3.5, -2.0], atol=1e-9)
        off = kinematics.heading(motion)[0] - heading
        assert abs((off + np.pi) % (2 * np.pi) - np.pi) < 1e-3


def test_walks_to_where_it_faces():
    (motion,), _ = generate(engine=FakeEngine(only(1)), seconds=2, heading=np.pi / 2, origin=(1, 1))
    way = motion.root[-1] - motion.root[0]
    assert way[0] > 2.0 and abs(way[2]) < 1e-6


def test_only_place_and_heading_change():
    (here,), _ = generate(seconds=1, seed=4)
    (there,), _ = generate(seconds=1, seed=4, origin=(5, 5), heading=0.7)
    moved = there.moved(-0.7)
    assert np.allclose(moved.rotations, here.rotations, atol=1e-9)
    assert np.allclose(moved.root - moved.root[0], here.root - here.root[0], atol=1e-9)


@pytest.mark.parametrize("code, why", [(0, "stands"), (4, "hovers"), (5, "sinks"), (7, "crouches"), (8, "sits")])
@pytest.mark.parametrize("skeleton", [None, legs(0.5, 0.5), legs(1.3, 0.8), legs(0.8, 1.3)])
def test_feet_on_the_floor_of_whoever_it_is(code, why, skeleton):
    (motion,), report = generate(engine=FakeEngine(only(code)), seconds=1, skeleton=skeleton)
    assert np.abs(foot_heights(motion).min(axis=1)).max() < 1e-3
    assert motion.contacts.any() and report.foot_slide == pytest.approx(0.0, abs=1e-3)
    lowest = kinematics.joint_positions(motion)[..., 1].min()
    assert lowest == pytest.approx(0.0, abs=0.13)  # a toe joint, or the sole under a foot that is pitched


def test_the_result_is_on_the_characters_skeleton():
    skeleton = legs(1.5, 1.5)
    (own,), _ = generate(engine=FakeEngine(only(1)), seconds=2, skeleton=skeleton)
    (plain,), _ = generate(engine=FakeEngine(only(1)), seconds=2)
    assert np.array_equal(own.skeleton.offsets, skeleton.offsets) and own.skeleton.kind == "smpl22"
    positions = kinematics.joint_positions(own)
    knee, hip = skeleton.index("left_knee"), skeleton.index("left_hip")
    thigh = np.linalg.norm(positions[:, knee] - positions[:, hip], axis=1)
    assert np.allclose(thigh, 1.5 * 0.406, atol=1e-6)
    # half as long again in the legs: steps as much longer
    scale = (own.root[-1, 2] - own.root[0, 2]) / (plain.root[-1, 2] - plain.root[0, 2])
    assert scale == pytest.approx(1.5, abs=0.01)


def test_feet_are_drawn_to_the_models_unless_told_otherwise():
    """Hips half as far apart again: the feet of a walk stay as far apart as they are, or go along."""
    wide = canonical().with_offsets(canonical().offsets * np.where(np.arange(22)[:, None] < 3, [1.5, 1, 1], 1.0))
    apart = []
    for correction in (LimbCorrection(), LimbCorrection(feet=0.0, hands=0.0)):
        (motion,), report = generate(engine=FakeEngine(only(1)), seconds=2, skeleton=wide, correction=correction)
        assert report.correction == correction
        left, right = (kinematics.joint_positions(motion)[:, wide.index(s + "_ankle"), 0] for s in ("left", "right"))
        apart.append(np.abs(left - right).mean())
    assert apart[1] - apart[0] == pytest.approx(0.089, abs=0.005)
    assert generate(seconds=1)[1].correction is None


def test_a_body_with_hands_gets_them():
    (motion,), _ = generate(seconds=1, skeleton=canonical("smplx52"))
    assert motion.skeleton.kind == "smplx52" and motion.rotations.shape == (30, 52, 4)


@pytest.mark.parametrize(
    "skeleton, what",
    [
        (Skeleton("other", ("hip", "tail"), (-1, 0), np.zeros((2, 3))), "kind is 'other'"),
        (canonical().with_offsets(np.zeros((22, 3))), "coincide at rest"),
        (legs(0.0, 0.0), "skeleton cannot be used"),
    ],
)
def test_a_skeleton_that_nothing_fits_is_refused_before_generating(skeleton, what):
    engine = FakeEngine()
    with pytest.raises(RequestError, match=what) as error:
        generate(engine=engine, seconds=1, skeleton=skeleton)
    assert error.value.kind == "skeleton" and "bone map" in error.value.action and not engine.prompts


# --- seeds and takes -------------------------------------------------------------------------------------------------


def test_same_seed_same_motion_and_take_i_whatever_the_number_of_takes():
    four, _ = generate(seconds=2, seed=11, takes=4)
    again, _ = generate(seconds=2, seed=11, takes=4)
    two, _ = generate(seconds=2, seed=11, takes=2)
    other, _ = generate(seconds=2, seed=12)
    assert all(same(a, b) for a, b in zip(four, again, strict=True))
    assert same(two[0], four[0]) and same(two[1], four[1])
    assert not same(four[0], four[1]) and not same(other[0], four[0])


def test_temperature_and_guidance_of_the_request_win_over_the_bundles():
    cold = bundle()
    cold.config["sampling"] = {"temperature": 0.0, "guidance": 2.0, "top_k": 5}
    engine = FakeEngine()
    system = MotionGPT2(cold, engine)
    takes, _ = system.generate(GenerateRequest((Segment("walk"),), seconds=2, takes=2), silent, lambda: False)
    assert same(*takes) and len(engine.prompts[-1]) == 4
    plain = GenerateRequest((Segment("walk"),), seconds=2, takes=2, guidance=1.0)
    system.generate(plain, silent, lambda: False)
    assert len(engine.prompts[-1]) == 2
    warm = GenerateRequest((Segment("walk"),), seconds=2, takes=2, temperature=1.0, guidance=3.0)
    takes, _ = system.generate(warm, silent, lambda: False)
    assert not same(*takes) and len(engine.prompts[-1]) == 4


def test_a_cancellation_is_seen_between_two_codes():
    engine, asked = FakeEngine(), []

    def cancelled():
        asked.append(1)
        return len(asked) > 5

    request = GenerateRequest((Segment("a person walks"),), seconds=10)
    with pytest.raises(Cancelled):
        MotionGPT2(bundle(), engine).generate(request, silent, cancelled)
    assert len(asked) == 6


def test_the_take_with_the_highest_score_is_chosen_and_the_report_says_why():
    text, best = "a person walks forward", []
    for seed in range(6):
        engine = FakeEngine(only(0, 1))
        motions, report = generate(text, engine, seconds=3, takes=5, seed=seed)
        takes = [decoded(codes) for codes in engine.decoded]
        judged = [on_firm_feet(m, *score(measure(m), slots_of(text))) for m in takes]
        assert report.scores == pytest.approx([s for s, _ in judged])
        assert report.scores[report.chosen] == max(report.scores) and len(motions) == 5
        reasons = "; ".join(judged[report.chosen][1])
        assert report.reason == f"fits the prompt best: {reasons}"
        assert "walk" in report.reason
        assert report.foot_slide == foot_slide(motions[report.chosen])
        best.append(report.chosen)
    assert len(set(best)) > 1


class Loyal(FakeEngine):
    """Goes on with the first code that was drawn: a take stands or walks from its beginning to its end."""

    def _logits(self, rows, tokens):
        out, codes = super()._logits(rows, tokens), self.vocabulary.codes("motion")
        for logits, row in zip(out, rows, strict=True):
            if codes.start <= row[-1] < codes.stop:
                logits[:] = np.where(tokens == row[-1], 0.0, -100.0)
        return out


def test_the_prompt_decides_between_takes():
    way = {}
    for text in ("a person stands still", "a person walks forward"):
        motions, report = generate(text, Loyal(only(0, 1)), seconds=3, takes=8, seed=1)
        moved = [float(np.linalg.norm(m.root[-1] - m.root[0])) for m in motions]
        assert min(moved) < 0.01 and max(moved) > 3.0
        way[text] = moved[report.chosen]
    assert way["a person stands still"] < 0.01 and way["a person walks forward"] > 3.0


# --- what the report tells -------------------------------------------------------------------------------------------


def test_the_report_names_bundle_engine_seed_and_stages():
    _, report = generate(seconds=1, seed=9)
    assert (report.bundle, report.system, report.engine, report.device) == ("fake 1", "motiongpt2", "fake", "cpu")
    assert report.seed == 9 and report.chosen == 0 and report.scores and "take" not in report.reason
    assert list(report.stage_seconds) == ["prompt", "generate", "decode", "choose", "place"]
    assert report.warnings == () and report.unknown_words == ()


def test_takes_that_no_word_tells_apart_are_told_apart_by_their_feet():
    class Skates(FakeEngine):
        """Of two takes the first glides."""

        def decode(self, codes):
            rows = super().decode(codes)
            rows[0] = ms272.encode(glide)
            return rows

    still = canonical_stand(60)
    glide = replace(still, root=still.root + np.linspace(0, 1.8, 60)[:, None] * [0.0, 0.0, 1.0])
    _, report = generate("zorgle", Skates(only(0)), seconds=2, takes=2)
    assert report.chosen == 1
    assert report.reason == "no word of the prompt can be measured; its feet are among those that slide least"


def test_words_that_were_not_understood_are_named():
    _, report = generate("a person walks like a flamboyant zorgle", seconds=1)
    assert report.unknown_words == ("flamboyant", "zorgle") and not report.warnings
    _, report = generate("a zorgle", seconds=1)
    assert "no action word was recognised" in report.warnings[0] and report.unknown_words == ("zorgle",)
    assert report.reason and 0.2 <= report.scores[0] <= 0.5  # unmeasurable counts half, less what the feet slide


def test_a_statue_that_glides_slides_and_loses_against_one_that_stands():
    still = canonical_stand(60)
    glide = replace(still, root=still.root + np.linspace(0, 1.8, 60)[:, None] * [0.0, 0.0, 1.0])
    assert foot_slide(still) == pytest.approx(0.0, abs=1e-9)
    assert foot_slide(glide) == pytest.approx(1800 / 59, rel=1e-6)  # though nothing of it is slow enough for a contact
    assert on_firm_feet(still, 0.9, ["walk"]) == (0.9, ["walk"])
    value, reasons = on_firm_feet(glide, 0.9, ["walk"])
    assert value == pytest.approx(0.6) and reasons == ["walk", "feet slide"]


def canonical_stand(frames: int) -> Motion:
    skeleton = canonical()
    root = np.tile([0.0, skeleton.hip_height, 0.0], (frames, 1))
    return Motion(skeleton, root, np.tile([1.0, 0, 0, 0], (frames, 22, 1)), 30)


@pytest.mark.parametrize("text", ["!!!", "\u4eba\u8d70\u8def", "42", "..."])
def test_text_without_any_word_gives_a_motion_and_a_warning(text):
    (motion,), report = generate(text, seconds=1)
    assert len(motion) == 30 and "no action word" in report.warnings[0]


def test_a_prompt_that_is_too_long_is_cut_with_a_warning():
    engine = FakeEngine(longest=150)
    room = 150 - 3 - 74  # of words beside <bos>, the length, <motion> and the steps
    _, report = generate("walk " * 90, engine, seconds=10)
    assert report.warnings == (f"the prompt is long: its last {90 - room} of 90 words were cut",)
    assert len(engine.prompts[0][0]) == room + 3
    # the longest text and the longest motion just fit
    assert len(engine.prompts[0][0]) + len(engine.steps) == 150
    _, report = generate(" ".join(["walk"] * room), FakeEngine(longest=150), seconds=10)
    assert report.warnings == ()


def test_a_model_that_chooses_the_length_takes_what_room_there_is():
    engine = FakeEngine(longest=40)  # the fake engine itself refuses more
    motions, report = generate("walk walk walk", engine, takes=8)
    # <bos>, three words, <motion>, and after them the length and up to 35 codes, the last of which is not read
    assert max(map(len, motions)) <= 4 * 35
    assert report.warnings == ("beside the prompt there is room for a motion of 4.67 seconds at most",)


@pytest.mark.parametrize("seconds", [None, 4.0])
def test_the_longest_text_leaves_room_for_a_motion(seconds):
    engine = FakeEngine(longest=100)
    _, report = generate("walk " * 97, engine, seconds=seconds, takes=8)
    # what is left of the text, a length and 30 codes, the last of which is not read, lie within 100 tokens
    assert len(engine.prompts[0][0]) == (70 if seconds is None else 71)
    assert report.warnings[-1] == "the prompt is long: its last 29 of 97 words were cut"
    assert len(report.warnings) == (2 if seconds is None else 1)


def test_a_model_that_chooses_makes_no_motion_shorter_than_may_be_asked_for():
    shorter = FakeEngine(only(1))
    shorter._logits = lambda rows, tokens: -np.broadcast_to(tokens, (len(rows), len(tokens))).astype(np.float32)
    (motion,), _ = generate(engine=shorter, temperature=0.0)
    assert len(motion) == 8


def test_a_model_without_room_for_the_motion_says_so():
    with pytest.raises(RequestError, match="takes 77 tokens without its text, the model reads 60") as error:
        generate(engine=FakeEngine(longest=60), seconds=10)
    assert error.value.kind == "too_long" and "shorter motion" in error.value.action


def test_prompts_reach_the_engine_normalised():
    plain, shouted = FakeEngine(), FakeEngine()
    generate("a person walks", plain, seconds=1)
    generate("  A Person \n WALKS ", shouted, seconds=1)
    assert plain.prompts == shouted.prompts


# --- progress, cancelling, refusals ----------------------------------------------------------------------------------


def test_progress_grows_to_1_and_names_the_stages():
    told = []
    generate(seconds=2, takes=3, progress=lambda *what: told.append(what))
    fractions = [f for _, f in told]
    assert fractions == sorted(fractions) and fractions[0] == 0.0 and fractions[-1] == 1.0
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages == ["Reading the prompt", "Generating", "Decoding", "Choosing", "Placing", "Done"]
    assert sum(stage == "Generating" for stage, _ in told) == 15


@pytest.mark.parametrize("stage", ["Reading the prompt", "Generating", "Decoding", "Choosing", "Placing"])
def test_what_progress_raises_ends_it(stage):
    class Cancelled(Exception):
        pass

    engine, told = FakeEngine(), []

    def progress(now, fraction):
        told.append(now)
        if now == stage and told.count(now) == (1 if stage == "Reading the prompt" else 2):
            raise Cancelled

    with pytest.raises(Cancelled):
        generate(engine=engine, seconds=3, takes=3, progress=progress)
    assert told[-1] == stage
    if stage == "Generating":
        assert len(engine.steps) == 1 and not engine.decoded


def test_several_segments_are_refused():
    request = GenerateRequest((Segment("walk", 0, 5), Segment("wave", 5, 9)))
    with pytest.raises(RequestError, match="2 text segments"):
        MotionGPT2(bundle(), FakeEngine()).generate(request, silent, lambda: False)


@pytest.mark.parametrize(
    "task, message",
    [
        ("dance", "does not do 'dance'; it does text_to_motion, initial_pose, last_pose"),
        ("predict", "task 'predict' needs a motion before"),
        ("fill", "'fill' needs timed key poses, or a motion before or after"),
        ("key_poses", "task 'key_poses' needs key poses"),
        ("describe", "'describe' needs motion/describe"),
    ],
)
def test_a_task_that_does_not_fit_is_refused(task, message):
    with pytest.raises(RequestError, match=message) as error:
        generate(task=task)
    assert error.value.kind == "task"


def test_a_task_that_the_bundle_has_not_learned_is_refused_with_those_it_has():
    system = MotionGPT2(bundle(tasks=("fill", "describe")), FakeEngine())
    with pytest.raises(RequestError, match="does not do 'text_to_motion'; it does fill$"):
        system.generate(GenerateRequest((Segment("walk"),)), silent, lambda: False)


def test_guidance_is_left_out_where_no_caption_was_left_out_in_training():
    plain = bundle()
    plain.config["sampling"] = {"guidance": 1.0}
    engine = FakeEngine()
    request = GenerateRequest((Segment("walk"),), seconds=1, guidance=3.0)
    _, report = MotionGPT2(plain, engine).generate(request, silent, lambda: False)
    assert len(engine.prompts[0]) == 1 and "not trained to be guided" in report.warnings[0]


def test_top_k_and_top_p_of_the_request_win():
    (one,), _ = generate(seconds=2, seed=1, top_k=1)
    (other,), _ = generate(seconds=2, seed=2, top_p=0.0)
    (greedy,), _ = generate(seconds=2, seed=3, temperature=0.0)
    assert same(one, greedy) and same(other, greedy)


# --- bundles whose parts do not fit ----------------------------------------------------------------------------------


def test_another_wording_is_refused():
    with pytest.raises(BundleError, match="the weights were trained with"):
        systems.create(bundle(prompt_version=9), FakeEngine())
    other = bundle()
    other.config["prompts"] = {**other.config["prompts"], "sha256": "0" * 64}
    with pytest.raises(BundleError, match="the answers would be noise"):
        systems.create(other, FakeEngine())


def test_codes_spelled_in_another_way_are_refused():
    with pytest.raises(BundleError, match="writes codes as digits, system motiongpt2 needs tokens"):
        systems.create(bundle("alpaca_digits", system="motiongpt2"), FakeEngine(wording="alpaca_digits"))


@pytest.mark.parametrize(
    "tasks, message", [(("dance",), "without the tasks dance"), (("holistic",), "'holistic' answers with 'body' codes")]
)
def test_tasks_that_cannot_be_asked_for_are_refused(tasks, message):
    with pytest.raises(BundleError, match=message):
        systems.create(bundle(tasks=tasks), FakeEngine())


@pytest.mark.parametrize("change, what", [({"down": 3}, "8 frames of 272"), ({"input_width": 263}, "4 frames of 263")])
def test_a_motion_tokenizer_of_another_layout_is_refused(change, what):
    odd = bundle()
    odd.config["motion_tokenizer"].update(change)
    with pytest.raises(BundleError, match=f"{what} features a code; needed are 4 of 272"):
        systems.create(odd, FakeEngine())


@pytest.mark.parametrize("features", [{"codec": "ms273", "fps": 30}, {"codec": "ms272", "fps": 20}, {}, {"codec": []}])
def test_unknown_features_are_refused(features):
    with pytest.raises(BundleError, match="known are humanml263 at 20"):
        systems.create(bundle(features=features), FakeEngine())


def test_another_system_says_what_this_build_has():
    with pytest.raises(RequestError, match="needs system 'motiongpt9'; this build has motiongpt, motiongpt2") as error:
        systems.create(bundle(system="motiongpt9"), FakeEngine())
    assert error.value.kind == "system"
    assert systems.create(bundle(), FakeEngine()).model.codes == {"motion": CODES}
