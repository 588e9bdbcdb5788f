import io
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.service import rpc


def framed(message) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def read(data: bytes, **limit):
    return list(rpc.messages(io.BytesIO(data), **limit))


def test_messages_round_trip_in_any_language():
    stream = io.BytesIO()
    sender = rpc.Sender(stream)
    sender.notify("a", {"text": "\u8d70\u308b \u00e9"})
    sender.answer(3, [1.5, None])
    sender.fail(None, {"code": 1})
    first, second, third = read(stream.getvalue())
    assert first == {"jsonrpc": "2.0", "method": "a", "params": {"text": "\u8d70\u308b \u00e9"}}
    assert second["result"] == [1.5, None] and third["id"] is None


def test_headers_of_other_clients():
    assert read(b"Content-Type: application/json\r\ncontent-length:2\r\nX-Y: z\r\n\r\n{}Content-Length: 2\n\n{}") == [
        {},
        {},
    ]


def test_a_truncated_stream_ends():
    whole = framed({"id": 1})
    for cut in range(len(whole)):
        assert not [m for m in read(whole[:cut]) if isinstance(m, dict)]


def test_a_body_over_the_limit_is_skipped():
    found = read(framed({"big": "x" * 5000}) + framed({"id": 2}), limit=1000)
    assert "over the limit of 1000" in str(found[0]) and found[-1] == {"id": 2}


def test_a_header_is_found_behind_junk_of_any_length():
    for length in (0, 1, 100, 4078, 4079, 4090, 4096, 9000):
        found = read(b"#" * length + framed({"id": 2}))
        assert found[-1] == {"id": 2} and len(found) == (2 if length else 1)


@given(st.lists(st.one_of(st.binary(max_size=40), st.just(b"Content-Length: 7\r\n"), st.just(b"\r\n")), max_size=8))
@settings(max_examples=200, deadline=None)
def test_nothing_makes_the_reader_raise(parts):
    for message in read(b"".join(parts)):
        assert isinstance(message, (dict, rpc.FramingError))


def test_a_sender_that_lost_its_reader_says_so_once():
    class Broken(io.BytesIO):
        def write(self, data):
            raise BrokenPipeError

    lost = []
    sender = rpc.Sender(Broken(), lambda: lost.append(1))
    sender.notify("a", {})
    sender.notify("b", {})
    assert lost == [1]
