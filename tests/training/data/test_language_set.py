"""What the language model reads, on a tiny set: shares, weights, joins and overlays, codes for every variant."""

import numpy as np
import pytest

from backend.motion.features.codec import codec
from training.data import language_set, segments
from training.data.clip import Clip
from training.data.language_set import Mixture

MIXTURE = Mixture(joins=12, overlays=8)


def caption(verb):
    slots = {"verb": verb, "side": None, "direction": None, "turn": None, "speed": None, "count": None, "style": None}
    return [{"text": t, "slots": slots} for t in (f"a person {verb}s", f"someone {verb}s", f"he {verb}s about")]


@pytest.fixture(scope="module")
def clips(make):
    return [
        Clip("01_01", "cmu", "01", "walk", make.walk(4.0)),
        Clip("01_02", "cmu", "01", "walk", make.walk(12.0)),
        Clip("01_03", "cmu", "01", "no such label", make.wave(4.0, (1.0, 2.5))),
        Clip("01_04", "cmu", "01", "no such label", make.stand(0.6)),
    ]


@pytest.fixture(scope="module")
def captions(clips):
    verbs = {"01_01": "walk", "01_02": "stroll", "01_03": "wave", "01_04": "wait"}
    return {s.id: caption(verbs[s.clip.id]) for s in segments.both_sides(clips)}


@pytest.fixture(scope="module")
def made(clips, captions):
    return language_set.records(clips, captions, MIXTURE)


def parts(made):
    return made[:-20], made[-20:-8], made[-8:]


def test_weights_add_up_to_one_in_the_shares_of_the_mixture(made, clips):
    recorded, joins, overlays = parts(made)
    assert len(recorded) == 2 * len(list(segments.both_sides(clips)))  # each as it is and warped
    total = [sum(r.weight for r in some) for some in (recorded, joins, overlays)]
    np.testing.assert_allclose(total, [0.78, 0.15, 0.07], atol=1e-9)
    assert min(r.weight for r in made) > 0


def test_labels_share_by_the_square_root_of_their_seconds_beside_the_events(made, clips):
    share = {}
    for segment, record in zip(segments.both_sides(clips), made[0 : len(made) - 20 : 2]):
        share[segment.weight_label] = share.get(segment.weight_label, 0) + 2 * record.weight / 0.78
    events = {k: v for k, v in share.items() if k.startswith("event ")}
    assert events and sum(events.values()) == pytest.approx(MIXTURE.events_share)
    windows = [s for s in segments.both_sides(clips) if not s.event]
    seconds = {k: sum(s.seconds for s in windows if s.clip.label == k) for k in ("walk", "no such label")}
    ratio = share["walk"] / share["no such label"]
    assert ratio == pytest.approx(np.sqrt(seconds["walk"] / seconds["no such label"]))


def test_recorded_ones_say_their_captions_and_warped_ones_are_measured_anew(made, clips, captions):
    recorded, _, _ = parts(made)
    for segment, plain, warped in zip(segments.both_sides(clips), recorded[::2], recorded[1::2]):
        assert plain.captions == captions[segment.id]
        frames = segment.end - segment.start
        lengths = [len(m) for m in plain.motions]
        assert lengths == ([frames, frames - 2] if frames >= 32 else [frames])
        assert len(warped.motions) == 1 and len(warped.captions) >= 3
        assert frames / 1.125 - 1 <= len(warped.motions[0]) <= frames / 0.875 + 1
        assert not {c["text"] for c in warped.captions} & {c["text"] for c in captions[segment.id]}


def test_joins_tell_one_after_the_other(made):
    _, joins, _ = parts(made)
    for record in joins:
        (motion,) = record.motions
        assert 15 <= len(motion) <= segments.LONGEST
        assert 3 <= len(record.captions) <= 4
        assert all("then" in c["slots"] for c in record.captions)
        assert np.linalg.norm(np.diff(motion.root[:, [0, 2]], axis=0), axis=1).max() * 30 < 2.0
    said = " | ".join(c["text"] for r in joins for c in r.captions)
    assert "walks" in said and "then" in said
    assert any(len(r.motions[0]) > 150 for r in joins)


def test_overlays_tell_both_at_once(made, clips):
    _, _, overlays = parts(made)
    waves = [s.motion for s in segments.both_sides(clips) if s.clip.id == "01_03"]
    shoulder = overlays[0].motions[0].skeleton.index("right_shoulder")
    mirrored = overlays[0].motions[0].skeleton.index("left_shoulder")
    for record in overlays:
        assert len(record.captions) == 4 and all("while" in c["slots"] for c in record.captions)
        rotations = record.motions[0].rotations
        frames = len(rotations)
        assert any(
            np.array_equal(rotations[:, j], a.rotations[:frames, j]) for a in waves for j in (shoulder, mirrored)
        )
    assert any(np.ptp(r.motions[0].root[:, 2]) > 1.0 for r in overlays)  # over walking legs


def test_the_same_set_on_every_run(made, clips, captions):
    again = language_set.records(clips, captions, MIXTURE)
    assert [r.captions for r in again] == [r.captions for r in made]
    assert all(np.array_equal(a.motions[0].root, b.motions[0].root) for a, b in zip(made, again))


def test_validation_keeps_to_what_was_recorded(clips, captions):
    found = language_set.records(clips, captions, MIXTURE, made=False)
    assert [r.captions for r in found] == [captions[s.id] for s in segments.both_sides(clips)]
    assert sum(r.weight for r in found) == pytest.approx(1.0)


def test_without_an_arm_to_lay_over_there_are_no_overlays(make, captions):
    clips = [Clip("01_01", "cmu", "01", "walk", make.walk(4.0))]
    pool = [(s, captions[s.id]) for s in segments.both_sides(clips)]
    assert language_set.overlaid(pool, MIXTURE) == []


def test_a_segment_without_committed_captions_is_an_error(clips):
    with pytest.raises(KeyError, match="01_01#0-120"):
        language_set.records(clips, {}, MIXTURE)


def test_codes_of_every_variant(made):
    asked = []

    class Fake:
        """A tokenizer whose codes are the number of the motion."""

        codec = codec("ms272")

        def codes(self, features):
            asked.extend(features)
            return [{"motion": np.full(len(f) // 4, k)} for k, f in enumerate(features)]

        def keys(self, poses):
            return [np.full(len(some), 7) for some in poses]

    found = language_set.coded(made, Fake())
    assert len(found) == len(made) and len(asked) == sum(len(r.motions) for r in made)
    assert all(f.shape[1] == 272 and len(f) >= 30 for f in asked)  # half a second was held to a whole one
    k = 0
    for record, item in zip(made, found):
        assert item.captions == [c["text"] for c in record.captions] and item.weight == record.weight
        assert len(item.variants) == len(record.motions)
        for motion, variant in zip(record.motions, item.variants):
            codes = variant.codes["motion"]
            assert set(codes.tolist()) == {k} and len(codes) == max(30, len(motion)) // 4  # its own, in order
            k += 1
        keys = [v.keys is not None for v in item.variants]
        assert keys == [True] + [False] * (len(keys) - 1) and set(item.variants[0].keys.tolist()) <= {-1, 7}
