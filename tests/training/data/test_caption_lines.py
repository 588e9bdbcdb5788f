import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.caption_lines import MAX_BYTES, CaptionLine, line, parse, read, write

PLAIN = st.text(st.characters(blacklist_categories=["C", "Z"], blacklist_characters="#/"), min_size=1, max_size=12)
CAPTIONS = st.lists(PLAIN, min_size=1, max_size=8).map(" ".join)
SPANS = st.one_of(
    st.just((None, None)),
    st.tuples(st.floats(0, 100), st.floats(0.001, 100)).map(lambda pair: (pair[0], pair[0] + pair[1])),
)


def test_a_line_of_the_public_files():
    found = parse("a man kicks something with his left leg.#a/DET man/NOUN kick/VERB left/ADJ leg/NOUN#0.0#0.0\n")
    assert found.caption == "a man kicks something with his left leg." and found.start is None
    assert found.words[2] == ("kick", "VERB")
    assert parse("x#x/NOUN#1.5#4").end == 4.0
    assert parse("x##nan#nan").start is None and parse("x##0#0").words == ()


@given(CAPTIONS, st.lists(st.tuples(PLAIN, PLAIN), max_size=5), SPANS)
def test_round_trip(caption, words, span):
    made = CaptionLine(caption, tuple(words), *span)
    assert parse(line(made)) == made


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a man walks", "expected caption#words#start#end, got 1 parts"),
        ("a#b/NOUN#0#0#0", "got 5 parts"),
        ("a#walk#0#0", "expected word/POS, got 'walk'"),
        ("a##one#2", "must be seconds"),
        ("a##4#2", "got 4.0 to 2.0 s"),
        ("a##-1#2", "got -1.0 to 2.0 s"),
        ("a##1#inf", "got 1.0 to inf s"),
        ("  #x/NOUN#0#0", "must be one line of text"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path, text, words):
    path = tmp_path / "000000.txt"
    path.write_text("fine##0#0\n\n" + text + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match="000000.txt, line 3: ") as error:
        read(path)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "holds no caption"),
        (b"\n \n", "holds no caption"),
        (b"\xff\xfea#", "is not UTF-8"),
        (b"a##0#0\n" * 1001, "1001 lines"),
        (b"a" * (MAX_BYTES + 1), "is larger than"),
    ],
)
def test_files_that_are_none(tmp_path, data, words):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(ValueError, match=words):
        read(tmp_path / "a.txt")


def test_files_round_trip_and_stay_whole(tmp_path):
    path = tmp_path / "a.txt"
    made = [
        CaptionLine("a person walks", (("a", "DET"), ("person", "NOUN"), ("walk", "VERB"))),
        CaptionLine("é 人", (), 1, 2),
    ]
    write(path, made)
    assert read(path) == made and path.read_bytes().count(b"\n") == 2
    with pytest.raises(ValueError, match="no caption"):
        write(path, [])
    assert read(path) == made and [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_frames_of_a_span():
    assert CaptionLine("a").frames(20, 100) == slice(0, 100)
    assert CaptionLine("a", (), 1.0, 3.5).frames(20, 60) == slice(20, 60)
    with pytest.raises(ValueError, match="outside a clip of 3.00 s"):
        CaptionLine("a", (), 4.0, 5.0).frames(20, 60)
