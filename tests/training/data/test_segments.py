"""Which stretches are learnt: 1 to 10 s, everything used, the same on every run, rare events found in long takes."""

import json

import numpy as np
import pytest

from training.data import phrases, segments, splits
from training.data.captions.grammar import swap_sides, swap_slots
from training.data.clip import Clip
from training.data.segments import FPS, LONGEST, Segment, cut


def clip(motion, name="01_01", label="walk", source="cmu", subject="01"):
    return Clip(name, source, subject, label, motion)


def surrounded(make):
    """Twelve seconds of standing, one wave of two seconds in the middle."""
    return make.wave(12.0, raised=(5.0, 7.0))


@pytest.mark.parametrize("frames", [10, 29, 31, 150, 300, 301, 302, 360, 479, 480, 539, 540, 1000])
def test_lengths_and_what_they_cover(make, frames):
    found = [s for s in cut(clip(make.stand(frames / 30))) if s.event is None]
    covered = np.zeros(frames, bool)
    for segment in found:
        assert 0 <= segment.start < segment.end <= frames
        assert len(segment.motion) == segment.end - segment.start
        covered[segment.start : segment.end] = True
        if frames >= FPS:
            assert FPS <= segment.end - segment.start <= LONGEST
    assert covered[: max(len(covered) - 2 * FPS, 1)].all()  # of a long take at most its last two seconds
    if frames <= LONGEST:  # shorter clips whole, never dropped
        assert [(s.start, s.end) for s in found] == [(0, frames)] and covered.all()
        assert found[0].covers == 1.0


def test_events_are_cut_out_with_their_surroundings(make):
    found = [s for s in cut(clip(surrounded(make))) if s.event]
    assert {s.event for s in found} & {"right_hand_up", "right_wave"}
    for segment in found:
        assert FPS <= segment.end - segment.start <= LONGEST and segment.covers <= 0.9
        if segment.event.startswith("right"):  # holds the event with a fifth of a second around it
            assert segment.start < 5.6 * FPS and segment.end > 6.5 * FPS
            assert segment.weight_label == f"event {segment.event}"
    assert [s for s in cut(clip(make.stand(12.0))) if s.event] == []
    assert [s for s in cut(clip(make.wave(2.9, (0.8, 2.0)))) if s.event] == []  # too short to cut anything from
    nearly_whole = cut(clip(make.wave(3.2, (0.2, 3.0))))[1:]
    assert all(s.covers <= 0.9 for s in nearly_whole)  # the clip itself is there already


def test_at_most_twelve_events_a_clip(make):
    t = np.arange(60 * 30) / 30
    up = (np.sin(2 * np.pi * t / 2.0) > 0) * 1.0
    up = np.convolve(up, np.ones(9) / 9, "same")
    busy = make.stand(60.0, {"right_shoulder": make.about("z", 1.3 - 2.4 * up)})
    found = [s for s in cut(clip(busy)) if s.event]
    assert len(found) == segments.EVENTS_PER_CLIP


def test_the_same_on_every_run_and_named_by_what_they_are(make):
    motion = surrounded(make)
    first, again, other = (cut(clip(motion, name)) for name in ("01_01", "01_01", "01_02"))
    ids = [s.id for s in first]
    assert ids == [s.id for s in again] and len(set(ids)) == len(ids)
    assert ids[0] == "01_01#0-240"
    spans = lambda found: [(s.start, s.end) for s in found if s.event]  # noqa: E731
    assert spans(first) != spans(other)  # each clip draws its own surroundings
    assert segments.seeded("a").integers(1 << 30) == segments.seeded("a").integers(1 << 30)
    assert segments.seeded("a").integers(1 << 30) != segments.seeded("b").integers(1 << 30)


def test_mirrors_stand_beside_their_originals(make):
    both = list(segments.both_sides([clip(surrounded(make))]))
    plain, mirrored = both[::2], both[1::2]
    assert [s.id + "~" for s in plain] == [s.id for s in mirrored]
    for a, b in zip(plain, mirrored):
        assert (a.clip, a.start, a.end, a.event) == (b.clip, b.start, b.end, b.event)
        wrist = a.motion.skeleton.index("right_shoulder"), a.motion.skeleton.index("left_shoulder")
        turned = b.motion.rotations[:, wrist[1]] * [1, 1, -1, -1]
        np.testing.assert_allclose(turned, a.motion.rotations[:, wrist[0]], atol=1e-12)


def labelled_side():
    """A label whose words speak of one side, from the committed phrases."""
    label, words = next((k, v) for k, v in phrases.read()["cc0"].items()
                        if v["slots"]["side"] == "right" and not v["exclude"])  # fmt: skip
    return label, words


def test_captions_of_a_mirror_speak_of_the_other_side(make):
    label, words = labelled_side()
    one = clip(make.stand(3.0), label=label, source="cc0", subject="kaykit")
    bank = segments.bank()
    for mirrored in (False, True):
        segment = Segment(one, 0, 90, mirrored=mirrored)
        made = segments.captions_of(segment, words, bank)
        assert len({c["text"].lower() for c in made}) >= 3
        assert made[0]["slots"]["side"] == ("left" if mirrored else "right")
        own = {t.lower() for t in [*words["sentences"], *words["short"]]}
        own = {swap_sides(t) for t in own} if mirrored else own
        from_label = [
            c for c in made if c["slots"].get("style") == words["slots"]["style"] and "also" not in c["slots"]
        ]
        exact = [c for c in from_label if c["text"].lower().rstrip(".") in own]
        assert exact and all(c["slots"] == (swap_slots(words["slots"]) if mirrored else words["slots"]) for c in exact)


def test_a_part_of_a_take_is_not_told_as_the_whole(make):
    """A window of a take whose label tells several things gets only sentences that are true of some part."""
    entry = {"slots": dict.fromkeys(("verb", "side", "direction", "turn", "speed", "count", "style"), None),
             "sentences": ["someone juggles, bows and leaves"], "short": ["juggle, bow, leave"],
             "parts": ["someone juggles"], "whole": False}  # fmt: skip
    one, bank = clip(make.stand(20.0)), segments.bank()
    whole = segments.captions_of(Segment(one, 0, 600), entry, bank)
    part = segments.captions_of(Segment(one, 0, 240), entry, bank)
    event = segments.captions_of(Segment(one, 0, 240, "right_hand_up"), entry, bank)
    said = lambda made: " ".join(c["text"].lower() for c in made)  # noqa: E731
    assert "leav" in said(whole)
    assert "leav" not in said(part) and "juggl" in said(part)
    assert "juggl" not in said(event) and "leav" not in said(event)  # only what was measured


def test_records_and_their_file(make, tmp_path):
    walk, waves = clip(make.walk(4.0), "01_01"), clip(surrounded(make), "02_01", subject="02")
    records = segments.caption_records([walk, waves], phrases.read())
    own = splits.load().of(walk)
    assert {r["id"]: r["split"] for r in records if r["clip"] == "01_01"} == {"01_01#0-120": own, "01_01#0-120~": own}
    assert {r["split"] for r in records if r["clip"] == "02_01"} == {"test_subjects"}
    assert records == segments.caption_records([walk, waves], phrases.read())
    for record in records:
        assert len(record["sentences"]) == len(record["slots"]) >= 3
        assert record["seconds"] == pytest.approx((record["end"] - record["start"]) / 30, abs=0.006)
        assert None not in record["slots"][0].values()
    path = tmp_path / "captions.json"
    segments.save_captions(records, path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(records) + 2 and json.loads(lines[1].rstrip(","))["id"] == records[0]["id"]
    back = segments.committed(path)
    assert list(back) == [r["id"] for r in records]
    first = back["01_01#0-120"]
    assert [c["text"] for c in first] == records[0]["sentences"] and first[0]["slots"] == records[0]["slots"][0]
