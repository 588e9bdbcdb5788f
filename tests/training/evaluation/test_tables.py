"""Every table on answers that are known: the right ones cost nothing, spoilt ones what they were spoilt by."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.kinematics import joint_positions
from backend.systems.prompts import MASKED, POSE_TASKS, Fields
from tests.training.evaluation.knowing import Knowing
from training.evaluation import describing, filling, key_poses, measuring, predicting
from training.metrics import captions, poses, prediction

SAMPLES = 2


def average(cases):
    return np.concatenate([case.rows for case in cases]).mean(axis=0)


def test_right_answers_keep_their_poses(three):
    found = key_poses.measure(three, Knowing(three), SAMPLES, seed=0)
    assert list(found.rows) == list(key_poses.MEASURES)
    for row in found.rows.values():
        ways = ("text only", "with the pose", "with the clip's own code", "at its time", "tokenizer")
        assert {row[way] for way in ways} == {0.0}
        assert row["with the pose : text only"] is None  # nothing to be better than


def test_poses_are_measured_where_they_were_given(three):
    def spoil(task, asked, true):
        """From the text alone, the first block comes second; a last pose is heard, an initial one is not."""
        return true if task in ("last_pose", "key_poses", "fill") else np.concatenate([true[1:2], true[:1], true[2:]])

    answers = Knowing(three, spoil)
    rows = key_poses.measure(three, answers, 1, seed=5).rows
    recon, dist = rows["initial pose, Recon"], rows["key poses, Dist"]
    made = [np.concatenate([case.rows[4:8], case.rows[:4], case.rows[8:]]) for case in three]
    assert recon["text only"] == recon["with the pose"] == poses.recon(made, [c.rows for c in three], "initial") > 0
    assert recon["with the pose : text only"] == 1.0 and recon["tokenizer"] == 0.0 == recon["at its time"]
    assert rows["last pose, Recon"]["text only"] == 0.0 == dist["with the pose"]
    # with the pose as it is served, and as it stands in the clip; the same seed for all
    asked = Counter((task, seed) for task, _, seed in answers.heard)
    assert asked == Counter({("text_to_motion", 5): 3, ("fill", 5): 9} | {(task, 5): 6 for task in POSE_TASKS})
    given = [list(one.keys) for task, one, _ in answers.heard if task == "last_pose"]
    assert given == [[0]] * 3 + [[line[-1]] for line in answers.true]
    slots = [one.slots.tolist() for task, one, _ in answers.heard if task == "fill"]
    assert slots[:3] == [[0] + [MASKED] * (case.count - 1) for case in three]


def test_key_places_are_different_and_always_the_same(three):
    for case in three:
        places = key_poses.places("key_poses", case)
        assert places == sorted(set(places)) == key_poses.places("key_poses", case)
        assert 3 <= len(places) <= 5 and places[0] >= 0 and places[-1] < case.count
        assert key_poses.places("last_pose", case) == [case.count - 1]


def test_pose_tasks_that_a_bundle_has_not_are_left_out(three):
    answers = Knowing(three, tasks=("text_to_motion", "last_pose"))
    assert list(key_poses.measure(three, answers, 1, 0).rows) == ["last pose, Recon", "last pose, Vel"]


def test_captions_beside_those_who_never_learnt(three):
    others = [replace(case, id="other", captions=["a person stands", "hello"]) for case in three[:2]]
    training = [*others, replace(three[2], captions=["She jumps!", "A person stands."])]
    rows = describing.measure(three, training, Knowing(three), SAMPLES, seed=0).rows
    references = [case.captions for case in three]
    right = captions.scores([case.captions[0] for case in three], references)
    assert rows["model, likeliest words"] == pytest.approx(right) == rows["model, drawn words"]
    assert right["ROUGE-L"] == 100.0
    near = ["a person stands", "a person stands", "She jumps!"]  # each case is in the training set itself
    assert rows["caption of the nearest training clip"] == captions.scores(near, references)
    assert rows["most frequent training caption"] == captions.scores(["a person stands"] * 3, references)
    assert 0 < rows["sentence from measured facts"]["BLEU-1"] < 100


def test_the_most_frequent_caption_is_counted_however_it_is_spelled(three):
    training = [replace(three[0], captions=["Hop!", "a walk"]), replace(three[1], captions=["hop", "A run"])]
    assert describing.most_frequent(training) == "hop"
    with pytest.raises(ValueError, match="no captioned training motion"):
        describing.Nearest([])


def test_right_predictions_cost_nothing(three):
    answers = Knowing(three)
    rows = predicting.measure(three, answers, average(three), SAMPLES, seed=0).rows
    assert rows["tokenizer (the true codes)"] == pytest.approx(dict.fromkeys(rows["model"], 0.0), abs=1e-5)
    for name in ("model", "model, told the caption"):
        # the heading at the end of what is known is smoothed without what comes, so these turners are off a little
        assert rows[name]["ADE m"] < 0.04 and rows[name]["FDE m"] < 0.08
        assert rows[name]["ADE, MotionGPT (T5)"] == pytest.approx(0.0, abs=1e-5)
    # what moves steadily goes on as it did
    assert rows["constant velocity"]["ADE m"] < 1e-5 and rows["last known pose held"]["ADE m"] > 0.05
    # a fifth was known, and nothing else
    for case, (_, asked, _) in zip(three, answers.heard):
        assert len(asked.known) == case.count // 5 and asked.length == case.count - len(asked.known)
        assert asked.caption == "" and not asked.codes


def test_a_prediction_that_stands_still_is_as_wrong_as_holding_the_pose(three):
    case, known = three[0], three[0].count // 5
    still = []
    answers = Knowing([case], lambda task, asked, true: np.where(np.arange(len(true)) < known, true, still[0]))
    held = prediction.held(answers.codec.decode(case.rows), 4 * known)
    still.append(answers.codes([answers.codec.encode(held)[-4:]])[0])
    rows = predicting.measure([case], answers, average(three), 1, 0).rows
    # nearly: at the seam its pace dies away, where the held pose stops at once
    assert rows["model"] == pytest.approx(rows["last known pose held"], rel=0.05)
    truth = answers.codec.decode(case.rows)
    both = [joint_positions(held)], [joint_positions(truth)], [slice(4 * known, len(truth))]
    assert rows["model"]["ADE m"] == pytest.approx(prediction.ade(*both), rel=0.05)
    assert rows["model"]["FDE m"] == pytest.approx(prediction.fde(*both), rel=0.05)
    # they take all joints' numbers together: no less than the root of their number times a joint's
    assert rows["model"]["ADE, MotionGPT (T5)"] > np.sqrt(22) * rows["model"]["ADE m"]


def test_right_answers_fill_at_no_cost(three):
    answers, every_first = Knowing(three), [case.captions[0] for case in three]
    rows = filling.measure(three, answers, SAMPLES, seed=3).rows
    assert list(rows["model"]) == ["middle half, ADE m", "middle half, ADE, MotionGPT (T5)", "random spans, ADE m"]
    for name in ("model", "model, told the caption", "tokenizer (the true codes)"):
        assert rows[name] == pytest.approx(dict.fromkeys(rows[name], 0.0), abs=1e-5)
    assert rows["slerp"] == pytest.approx(dict.fromkeys(rows["slerp"], 0.0), abs=1e-5)  # what turns evenly
    for _, asked, _ in answers.heard:
        known = asked.slots != MASKED
        assert len(known) == asked.length and known[0] and known[-1] and asked.caption in ("", *every_first)
    assert {seed for _, _, seed in answers.heard} == {3, 4}


def test_nothing_in_a_gap_is_looked_at(three):
    case, answers = three[2], Knowing([three[2]])
    mask = np.repeat(filling.masked("middle", case), 4)
    rotations, root = case.motion.rotations.copy(), case.motion.root.copy()
    rotations[mask] = rot.IDENTITY
    root[mask] += 3.0
    changed = replace(case.motion, rotations=rotations, root=root)
    for motion in (case.motion, changed):
        filling.measure([replace(case, motion=motion)], answers, 1, 0)
    slots = [asked.slots for _, asked, _ in answers.heard]
    assert len(slots) == 8 and np.array_equal(slots[0], slots[4]) and np.array_equal(slots[0], slots[1])


def test_half_is_masked(three):
    for case in three:
        middle = filling.masked("middle", case)
        quarter = case.count // 4
        assert middle.sum() == case.count - 2 * quarter and middle[quarter : case.count - quarter].all()
        random = filling.masked("spans", case)
        assert not random[0] and not random[-1] and 0 < random.sum() <= case.count // 2
        assert np.array_equal(random, filling.masked("spans", case))


def test_a_way_that_ends_elsewhere_is_led_to_its_end(three):
    def spoil(task, asked, true):
        """The middle stands on the spot: one block again and again."""
        return np.where(asked.slots == MASKED, true[0], true)

    case = three[1]
    answers = Knowing([case], spoil)
    places = filling.masked("middle", case)
    asked = Fields(slots=np.where(places, MASKED, 0), length=case.count)
    made, mask = answers.rows(answers.motions("fill", [asked], 0))[0], np.repeat(places, 4)
    truth = joint_positions(case.motion)
    stood = filling.placed(answers.codec.decode(made), case.motion, mask)
    assert np.array_equal(stood[~mask], truth[~mask])
    # no jump of the pelvis at either end
    steps = np.linalg.norm(np.diff(stood[:, 0, [0, 2]], axis=0), axis=1)
    assert steps.max() < 2.0 * np.linalg.norm(np.diff(truth[:, 0, [0, 2]], axis=0), axis=1).max()


def test_all_tables_of_a_bundle(three):
    said = []
    found = measuring.tables(three, three, Knowing(three), 1, 0, said.append)
    assert [table.title.split()[0] for table in found] == ["Key", "Captions", "Prediction", "In-betweening"]
    assert [line.split(",")[0] for line in said] == ["key poses", "captions", "prediction", "in-betweening"]
    only = measuring.tables(three, three, Knowing(three, tasks=("text_to_motion", "fill")), 1, 0, said.append)
    assert [table.title for table in only] == ["In-betweening"]


def test_what_cannot_be_measured_says_why(three):
    with pytest.raises(ValueError, match="answers text_to_motion; measured are"):
        measuring.tables(three, three, Knowing(three, tasks=("text_to_motion",)), 1, 0)
    with pytest.raises(ValueError, match="2 clips with captions or more are needed, of 40 frames or more, got 1"):
        measuring.tables(three[:1], three, Knowing(three), 1, 0)
