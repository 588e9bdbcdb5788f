"""Figures, contact sheets and films: all of a clip is seen, upright, left is left, and files play as they should."""

import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

pytest.importorskip("PIL", reason="no Pillow: pictures are not drawn")

from PIL import Image, ImageChops, ImageDraw, ImageSequence

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.motion import CONTACT_JOINTS, Motion
from backend.motion.skeleton import Skeleton, canonical
from training.data.caption_lines import CaptionLine
from training.data.clip import Clip
from training.data.inspection import moving_picture
from training.data.inspection.body import CENTRE, LEFT, RIGHT, body
from training.data.inspection.camera import framing, looking
from training.data.inspection.canvas import canvas, enlarged, smooth
from training.data.inspection.figure import draw_body
from training.data.inspection.film import Film, film
from training.data.inspection.ground import draw_floor, square_size
from training.data.inspection.inks import CONTACT, FLOOR, PATH, SIDES, palette
from training.data.inspection.lettering import fitted, font, wrapped
from training.data.inspection.sheet import MOST, frames, sheet

POINTS = arrays(float, st.tuples(st.integers(1, 30), st.just(3)), elements=st.floats(-50, 50))
VIEWS = st.tuples(st.floats(-3, 3), st.floats(0, 1.5))


def still(kind="smpl22", count=1, contacts=None):
    skeleton = canonical(kind)
    rotations = np.tile(rot.IDENTITY, (count, len(skeleton), 1))
    return Motion(skeleton, np.tile([0.0, skeleton.hip_height, 0.0], (count, 1)), rotations, 30, contacts)


def clip(motion, name="clip", captions=()):
    return Clip(name, "cmu", "01", "walk", motion, tuple(captions))


def marked(picture, ink, within=40):
    """(H, W) where a picture has a colour."""
    return np.abs(np.asarray(picture, int) - ink).sum(axis=-1) < within


def drawn(motion, azimuth=0.0, frame=0, size=(200, 200)):
    """One frame of a motion before a camera that sees all of it."""
    shape = body(motion)
    paper = canvas(size)
    draw_body(paper, enlarged(framing(shape.ends, looking(azimuth, 0.2), size, 0.5, 0.15)), shape, frame)
    return smooth(paper)


@given(POINTS, VIEWS, st.sampled_from([(300, 100), (100, 300), (64, 64)]), st.floats(0.05, 1.5))
def test_the_camera_sees_every_point_and_stands_no_farther_than_it_must(points, view, size, angle):
    camera = framing(points, looking(*view), size, angle, margin=0.1)
    pixels, depth = camera.project(points)
    assert (depth > 0).all() and (pixels >= 0).all() and (pixels <= size).all()
    # half a margin nearer, and some point with its margin is out of the picture
    nearer = replace(camera, eye=camera.eye - 0.1 * camera.axes[2])
    pixels, depth = nearer.project(points)
    room = 0.1 * nearer.focal / depth[:, None] * np.hypot(1, np.array(size) / (2 * camera.focal))
    assert ((pixels < room + 0.01) | (pixels > size - room - 0.01)).any()


@given(VIEWS)
def test_camera_axes_are_a_right_handed_frame_with_the_sky_above(view):
    axes = looking(*view)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(np.cross(axes[0], axes[1]), axes[2], atol=1e-12)
    assert axes[1, 1] > 0 and abs(axes[0, 1]) < 1e-12


def test_lines_end_before_the_eye():
    camera = framing(np.zeros((1, 3)), looking(0, 0), (100, 100), 0.5, margin=1.0)
    behind, ahead = camera.eye + [0.5, 0, 3], camera.eye - [0, 0, 3]
    for line in (camera.line(behind, ahead), camera.line(ahead, behind)[::-1]):
        assert np.isfinite(line).all()
        np.testing.assert_allclose(line[1], [50, 50], atol=1e-6)
        assert line[0, 0] > 50  # not mirrored through the eye
    assert camera.line(behind, behind + [1, 0, 0]) is None


@pytest.mark.parametrize("kind", ["smpl22", "smplx52"])
def test_a_body_is_where_its_joints_are(kind, make):
    motion = still(kind, 2)
    turned = motion.moved(0.7, (1.0, 0.5, 2.0))
    shape, positions = body(turned), kinematics.joint_positions(turned)
    ends = shape.ends.reshape(2, -1, 3)
    for j in range(len(motion.skeleton)):
        assert np.linalg.norm(ends - positions[:, None, j], axis=-1).min(axis=1).max() < 1e-12
    assert shape.feet.shape == (2, 4, 3) and len(shape) == 2
    # limbs lie on their side and hands beyond wrists
    here = body(motion)
    assert here.ends[:, here.sides == LEFT, :, 0].min() > 0 > here.ends[:, here.sides == RIGHT, :, 0].max()
    wrist = kinematics.joint_positions(motion)[0, motion.skeleton.index("left_wrist"), 0]
    assert here.ends[..., 0].max() > wrist + 0.09
    np.testing.assert_allclose(here.ends[0, here.sides == LEFT, :, 0].max(), -here.ends[0, ..., 0].min(), atol=1e-9)


def test_a_body_of_another_skeleton_is_refused():
    skeleton = Skeleton("other", ("hips", "head"), (-1, 0), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="smpl22 or smplx52, got 'other'"):
        body(Motion(skeleton, np.zeros((1, 3)), np.tile(rot.IDENTITY, (1, 2, 1))))


def test_from_the_front_the_left_hand_is_at_the_right_of_the_picture():
    for azimuth, sign in ((0.0, 1), (np.pi, -1)):
        picture = drawn(still(), azimuth)
        left, right = (np.argwhere(marked(picture, SIDES[side])) for side in (LEFT, RIGHT))
        assert sign * (left[:, 1].mean() - right[:, 1].mean()) > 20
        # upright: the head over the hands, the hands over the feet
        assert np.argwhere(marked(picture, SIDES[CENTRE]))[:, 0].min() < left[:, 0].min()
        assert left[np.argmax(left[:, 1] * sign), 0] < left[:, 0].max() - 80


def test_feet_that_are_down_are_marked_under_them():
    assert not marked(drawn(still(contacts=np.zeros((1, 4), bool))), CONTACT).any()
    only_left = np.array([[name.startswith("left") for name in CONTACT_JOINTS]])
    picture = drawn(still(contacts=only_left))
    spots = np.argwhere(marked(picture, CONTACT))
    legs = np.argwhere(marked(picture, SIDES[LEFT]))
    assert len(spots) and spots[:, 0].min() > 140 and abs(spots[:, 1].mean() - np.median(legs[-50:, 1])) < 15
    assert spots[:, 1].mean() > 100


def test_the_nearer_leg_hides_the_farther_one():
    size = (120, 240)
    picture = drawn(still(), np.pi / 2 - 0.01, size=size)  # from the left
    left, right = marked(picture, SIDES[LEFT]).sum(), marked(picture, SIDES[RIGHT]).sum()
    assert left > 5 * right


@given(st.floats(0, 1e4))
def test_a_floor_has_few_squares(extent):
    size = square_size(extent)
    assert extent / size <= 40 and (size == 1 or extent / size > 4) and str(size).strip("0") == "1"


def test_the_floor_lies_under_the_horizon():
    size = (120, 90)
    camera = enlarged(framing([[0, 0, 0], [0, 1.7, 0]], looking(0.5, 0.2), size, 0.5, 0.3))
    paper = canvas(size)
    assert draw_floor(ImageDraw.Draw(paper), camera, (-300, -3), (3, 3)) == 10
    ground = marked(smooth(paper), FLOOR, 10)
    assert ground[-5:].mean() > 0.5 and not ground[:20].any()


def test_text_is_cut_to_its_width():
    assert fitted("walks", 13, 100) == "walks"
    for text in ("a person walks to the left and then back " * 9, "w" * 400, "人\x1b[2J" * 100):
        lines = wrapped(text, 13, 120, 2)
        assert len(lines) == 2 and all(font(13).getlength(line) <= 120 for line in lines)
        assert any(line.endswith("…") for line in lines) and lines[0] and "\x1b" not in "".join(lines)
    assert wrapped("a person walks", 13, 500, 2) == ("a person walks", "")
    assert fitted("", 13, 100) == "" and fitted("walks", 13, 0) == "…"


def test_letters_with_accents_are_shown_without_them():
    assert (
        fitted("Café Übung cafe\u0301 Straße smørrebrød Łódź — 1", 13, 900)
        == "Cafe Ubung cafe Strasse smorrebrod Lodz - 1"
    )
    assert fitted("步く … 한 \u0301", 13, 900) == "步く … 한 \u0301"  # other scripts are not told wrongly

    def picture(text):
        return bytes(font(13).getmask(fitted(text, 13, 900)))

    box = picture("人")
    assert all(picture(letter) != box for letter in "éèñçüößæøåłđðþıščžÆØŁ–—")


def test_a_sheet_has_a_row_a_clip_with_eight_poses_inside_it(make):
    clips = [clip(make.walk(3.0)), clip(make.wave()), clip(still("smplx52", 1), captions=[CaptionLine("a b c")])]
    page = sheet("three", clips)
    one = sheet("one", clips[:1])
    row = (page.height - one.height) // 2
    assert page.height - one.height == 2 * row and page.width == one.width
    for k in range(3):
        top = one.height - row + k * row
        coloured = marked(page, SIDES[LEFT])[top + 46 : top + 46 + 170, 16 : 16 + 1120]
        assert coloured.any(axis=0)[[0, -1]].sum() == 0 and not coloured[0].any() and not coloured[-1].any()
        for pose in range(8):
            assert coloured[:, pose * 140 : (pose + 1) * 140].any()
    # the path is drawn for the walk alone, apart from the ring
    maps = [marked(page, PATH)[one.height - row + k * row :][:row, 1150:].sum() for k in range(3)]
    assert maps[0] > 1.5 * maps[2]


def test_sheet_frames_run_from_the_first_to_the_last():
    assert frames(100).tolist() == [0, 14, 28, 42, 57, 71, 85, 99]
    assert frames(1).tolist() == [0] * 8 and frames(3).tolist()[-1] == 2


def test_how_many_clips_fit(make):
    one = clip(still())
    for many in ([], [one] * (MOST + 1)):
        with pytest.raises(ValueError, match=f"1 to {MOST} clips, got {len(many)}"):
            sheet("none", many)
    for many in ([], [one] * 10):
        with pytest.raises(ValueError, match=f"1 to 9 clips, got {len(many)}"):
            film("none", many, 12)


@pytest.mark.parametrize("offset", [(0, 0, 2e4), (0, 2e4, 0), (1e300, 0, 0)])
def test_a_clip_that_flies_away_is_refused_by_name(offset):
    motion = still(count=2)
    lost = replace(motion, root=motion.root + np.array([[0, 0, 0], offset], float))
    for draw in (lambda c: sheet("s", [c]), lambda c: film("f", [c], 12)):
        with pytest.raises(ValueError, match="lost goes .* m far: at most 10000 m can be drawn"):
            draw(clip(lost, "lost"))


def test_a_path_of_a_kilometre_has_larger_squares_and_can_be_drawn(make):
    motion = make.walk(2.0)
    far = clip(replace(motion, root=motion.root * (1, 1, 500)))
    sheet("far", [far])
    assert len(list(film("far", [far], 12).pictures)) == 30


@pytest.mark.parametrize(
    "fps, shown", [(30, 15), (20, 20), (25, "25/2"), (60, 20), ("25/2", "25/2"), (120, 20), (1, 1)]
)
def test_a_film_shows_every_nth_frame(make, fps, shown):
    made = film("film", [clip(replace(still(count=50), fps=Fraction(fps)))], 2)
    assert made.fps == Fraction(shown)
    assert made.count == len(list(made.pictures)) <= 2 * made.fps + 1


def test_a_film_holds_all_of_every_clip_and_what_is_over_stays(make):
    clips = [clip(make.walk(1.2)), clip(make.wave(0.6, (0.1, 0.5))), clip(make.walk(0.8, turn=2.0))]
    made = film("film", clips, 12)
    assert made.count == 18 and made.size == (880, 34 + 2 * 396)
    pictures = list(made.pictures)
    assert all(p.size == made.size and p.mode == "RGB" for p in pictures)
    for picture in pictures:
        limbs = marked(picture, SIDES[LEFT]) | marked(picture, SIDES[RIGHT])
        for x, y in ((0, 34), (440, 34), (0, 430)):
            panel = limbs[y : y + 330, x : x + 440]
            assert panel.any() and not panel[:, [0, -1]].any() and not panel[[0, -1]].any()
    changed = [ImageChops.difference(a, b).crop((440, 34, 880, 430)).getbbox() for a, b in zip(pictures, pictures[1:])]
    assert any(changed[:8]) and not any(changed[8:])


def test_a_film_tells_the_caption_of_the_moment():
    said = [CaptionLine("whole"), CaptionLine("first", (), 0, 1), CaptionLine("last", (), 1, 2)]
    alone = [film("f", [clip(still(count=60), captions=[CaptionLine(words)])], 12) for words in ("first", "last")]
    made = film("f", [clip(still(count=60), captions=said)], 12)
    words = (0, 34 + 440 + 22, 640, 34 + 440 + 66)
    whole = [p.crop(words) for p in made.pictures]
    first, last = (next(f.pictures).crop(words) for f in alone)
    assert not ImageChops.difference(whole[0], first).getbbox()
    assert not ImageChops.difference(whole[-1], last).getbbox()
    assert ImageChops.difference(first, last).getbbox()


def test_a_gif_loops_and_lasts_as_long_as_the_film(make, tmp_path):
    path = tmp_path / "film.gif"
    made = film("film", [clip(make.walk(1.0))], 12)
    moving_picture.write(path, made)
    with Image.open(path) as found:
        assert found.n_frames == 15 and found.info["loop"] == 0 and found.size == made.size
        shown = [frame.info["duration"] for frame in ImageSequence.Iterator(found)]
        assert sum(shown) == 1000 and set(shown) <= {60, 70}
        found.seek(7)
        assert marked(found.convert("RGB"), SIDES[LEFT]).sum() > 500
    assert [p.name for p in tmp_path.iterdir()] == ["film.gif"]


@given(st.fractions(1, 20), st.integers(1, 200))
@settings(max_examples=50)
def test_gif_times_never_drift(fps, count):
    shown = moving_picture.durations(fps, count)
    assert len(shown) == count and abs(sum(shown) - 1000 * count / fps) <= 5 and all(t % 10 == 0 for t in shown)


def test_the_palette_holds_every_ink_and_fits_a_gif():
    inks = palette()
    assert len(inks) <= 128 and {*SIDES.values(), CONTACT, PATH, FLOOR} <= set(inks)


def test_an_mp4_plays_everywhere(make, tmp_path):
    av = pytest.importorskip("av", reason="no PyAV: MP4 is not written")
    path = tmp_path / "film.mp4"
    made = film("film", [clip(make.walk(1.0)), clip(make.wave(2.0))], 60)
    moving_picture.write(path, made)
    with av.open(str(path)) as found:
        stream = found.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == 15 and (stream.width, stream.height) == made.size
        seen = [frame.to_image() for frame in found.decode(stream)]
    assert len(seen) == 30 and marked(seen[10], SIDES[LEFT], 60).sum() > 500
    assert [p.name for p in tmp_path.iterdir()] == ["film.mp4"]


def test_without_av_an_mp4_is_refused_before_anything_is_drawn(make, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    made = film("film", [clip(make.walk(0.2))], 12)
    with pytest.raises(ImportError, match='an MP4 .* pip install "av=='):
        moving_picture.write(tmp_path / "film.mp4", made)
    assert not list(tmp_path.iterdir())
    moving_picture.write(tmp_path / "film.gif", made)


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=".gif or .mp4, got '.avi'"):
        moving_picture.write(tmp_path / "film.avi", Film(Fraction(1), 0, (2, 2), iter(())))


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_a_film_that_breaks_leaves_the_old_one(tmp_path, suffix):
    if suffix == ".mp4":
        pytest.importorskip("av", reason="no PyAV: MP4 is not written")
    path = tmp_path / f"film{suffix}"
    path.write_bytes(b"old")

    def breaking():
        yield Image.new("RGB", (16, 16))
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        moving_picture.write(path, Film(Fraction(10), 2, (16, 16), breaking()))
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
