"""Our byte-level BPE gives the ids of the ``tokenizers`` package, for any text, and refuses files that it cannot read
as that package does."""

import json
import random

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from backend import bundles
from backend.bundles import BundleError
from backend.engines import tokenizer_file, words
from backend.engines.byte_bpe import ByteBPE
from backend.systems.vocabulary import SPECIALS

STARTER = bundles.default_bundle_path() / "tokenizer.json"

ENGLISH_WORDS = (
    "a person walks forward then waves with the right hand , slowly . turns around 90 degrees it's they're he'll I'd "
    "DON'T WE'VE I'M cAn'T don’t 'S 's ' '' 'll'll jumps-over the_lazy dog 3.14 1st 2nd"
)
ENGLISH = ENGLISH_WORDS.split()
SPACES = [chr(c) for c in (*range(9, 14), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, 0x180E, 0x3000, 0xFEFF)]
SPACES += [chr(c) for c in (*range(0x2000, 0x2010), 0x2028, 0x2029, 0x202F, 0x205F, 0x2060)]
FOREIGN_WORDS = (
    "Straße naïve e\u0301\u0302 ﬁn Ǆ ʰ ª º ٣٤٥ १२३ Ⅷ ½ ² ① 〇 一二三 人が歩く 사람이 걷는다 человек идёт ἄνθρωπος "
    "איש הולך رجل يمشي คนเดิน 👩‍👩‍👧‍👦 🏃🏽‍♀️ 🇩🇪 ❤️ … – — “x” €5 \u200b \u200d \ufe0f \u0300"
)
FOREIGN = FOREIGN_WORDS.split(" ")
ODD = ["", " ", "\0", "\x7f", "\x80", "\u0378", "\ue000", "\U000f0000", "\U0010ffff", "\ufffe", "\u1c89", "\u1ccf0"]
ODD += ["<motion>", "</motion>", "<bos>", " <pad> ", "a<eos>b", "a" * 700, "走" * 300, "!" * 200, " " * 200, "ab" * 400]


def _texts(count: int) -> list[str]:
    """Each a mixture of the above and of any code points but surrogates; the same every time."""
    draw = random.Random(7)
    texts = [*ODD, *FOREIGN, *ENGLISH, *SPACES, *SPECIALS]
    while len(texts) < count:
        parts = []
        for _ in range(draw.randint(1, 12)):
            kind = draw.random()
            if kind < 0.45:
                parts.append(draw.choice(ENGLISH))
            elif kind < 0.6:
                parts.append(draw.choice(FOREIGN))
            elif kind < 0.7:
                parts.append("".join(draw.choices(SPACES, k=draw.randint(1, 4))))
            elif kind < 0.8:
                parts.append("".join(chr(draw.randrange(128)) for _ in range(draw.randint(1, 8))))
            elif kind < 0.85:
                parts.append(draw.choice(ODD[:-6]))
            else:
                top = draw.choice((0x250, 0x3000, 0xD800, 0x20000, 0x110000))
                codes = [draw.randrange(top) for _ in range(draw.randint(1, 6))]
                parts.append("".join(chr(c) for c in codes if not 0xD800 <= c < 0xE000))
            parts.append(draw.choice((" ", " ", " ", "", "  ", "\t", "\n")))
        texts.append("".join(parts)[: draw.choice((500, 500, -1))])
    return texts


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return _texts(10_000)


@pytest.fixture(scope="module")
def foreign() -> str:
    """A tokenizer.json whose merges go across the bytes of characters, words and spaces outside ASCII."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=1500,
        special_tokens=list(SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    draw = random.Random(3)
    rows = [" ".join(draw.choices([*FOREIGN, *ENGLISH], k=8)) for _ in range(400)]
    rows += ["".join(draw.choices([*SPACES, *FOREIGN, "<motion>"], k=10)) for _ in range(400)]
    rows += ["".join(chr(0x1C89 + draw.randrange(2)) + chr(0x13460 + draw.randrange(40))) for _ in range(400)]
    tokenizer.train_from_iterator(rows, trainer)
    return tokenizer.to_str()


def _reference(path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.encode_special_tokens = True
    return tokenizer


@pytest.mark.parametrize("prefix_space", [True, False])
@pytest.mark.parametrize("kind", ["starter", "foreign"])
def test_ids_are_those_of_tokenizers(kind, prefix_space, foreign, texts, tmp_path):
    file = json.loads(STARTER.read_text(encoding="utf-8") if kind == "starter" else foreign)
    file["pre_tokenizer"]["add_prefix_space"] = prefix_space
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(file), encoding="utf-8")
    reference, ours = _reference(path), ByteBPE.from_file(path)

    assert ours.ids == reference.get_vocab()
    for text, expected in zip(texts, reference.encode_batch(texts, add_special_tokens=False)):
        assert ours.encode(text) == expected.ids, repr(text)


def test_every_code_point_is_split_off_as_tokenizers_does():
    reference = pre_tokenizers.ByteLevel(add_prefix_space=False)
    # all that Unicode has assigned, and some of the rest
    codes = [*range(0xD800), *range(0xE000, 0x34000), *range(0xE0000, 0xE0200), *range(0x10FF00, 0x110000)]
    for start in range(0, len(codes), 1000):
        text = "".join(f"a{chr(c)}1{chr(c)}!{chr(c)} {chr(c)}" for c in codes[start : start + 1000])
        expected = [text[first:last] for _, (first, last) in reference.pre_tokenize_str(text)]
        assert words.split(text) == expected


def test_older_files_and_repeated_merges_read_as_tokenizers_reads_them(foreign, texts, tmp_path):
    file = json.loads(foreign)
    merges = file["model"]["merges"]
    file["model"]["merges"] = [" ".join(pair) for pair in [*merges, *merges[:40]]]
    del file["model"]["type"]
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(file), encoding="utf-8")
    ours, reference = ByteBPE.from_file(path), _reference(path)
    for text, expected in zip(texts[:1000], reference.encode_batch(texts[:1000], add_special_tokens=False)):
        assert ours.encode(text) == expected.ids, repr(text)


def test_merges_out_of_order_are_applied_by_rank_then_from_the_left(foreign, texts, tmp_path):
    file = json.loads(foreign)
    random.Random(5).shuffle(file["model"]["merges"])
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(file), encoding="utf-8")
    ours, reference = ByteBPE.from_file(path), _reference(path)
    for text, expected in zip(texts[:1000], reference.encode_batch(texts[:1000], add_special_tokens=False)):
        assert ours.encode(text) == expected.ids, repr(text)


@pytest.mark.parametrize("kind", ["starter", "foreign"])
def test_texts_of_ids_are_those_of_tokenizers(kind, foreign, texts, tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(STARTER.read_text(encoding="utf-8") if kind == "starter" else foreign, encoding="utf-8")
    reference, ours = _reference(path), ByteBPE.from_file(path)
    reference.decoder = decoders.ByteLevel()
    draw = random.Random(11)
    rows = [draw.choices(range(len(ours.ids)), k=draw.randint(0, 30)) for _ in range(2000)]
    rows += [encoding.ids for encoding in reference.encode_batch(texts[:1000], add_special_tokens=False)]
    spaced = kind == "starter"  # its prefix space is ours to take away again
    for ids, expected in zip(rows, reference.decode_batch(rows)):
        assert ours.decode(ids) == (expected.removeprefix(" ") if spaced else expected)


def test_what_was_encoded_comes_back():
    ours = ByteBPE.from_file(STARTER)
    for text in ("a person walks forward", "x", "", "naïve 💃 <eos>", "a  b\n"):
        assert ours.decode(ours.encode(text)) == text
    assert ours.decode([1, *ours.encode("he waves"), 2]) == "he waves", "specials have no text"
    with pytest.raises(ValueError, match=f"the text tokens 0 to {len(ours.ids) - 1}, got {len(ours.ids)}"):
        ours.decode([5, len(ours.ids)])


def test_characters_inside_a_word_have_an_id_each():
    ours = ByteBPE.from_file(STARTER)
    ids = ours.spelled("0123456789,")
    assert len(set(ids)) == 11 and ours.decode(ids) == "0123456789,"
    assert [ours.decode([5, number])[-1] for number in ids] == list("0123456789,")
    with pytest.raises(ValueError):
        ours.spelled("é")


def test_half_a_surrogate_pair_is_a_value_error():
    with pytest.raises(ValueError, match="surrogates"):
        ByteBPE.from_file(STARTER).encode("a \ud800 b")


def _changed(change) -> bytes:
    file = json.loads(STARTER.read_bytes())
    change(file)
    return json.dumps(file).encode()


def _set(*keys_and_value):
    *keys, last, value = keys_and_value

    def change(file):
        for key in keys:
            file = file[key]
        file[last] = value

    return change


def _lose_a_byte(file):
    vocabulary = file["model"]["vocab"]
    vocabulary["走"] = vocabulary.pop("Ġ")


def _long_piece(file):
    file["model"]["vocab"]["x" * 2000] = len(file["model"]["vocab"])


BAD = {
    "empty": (b"", "Expecting value"),
    "truncated": (STARTER.read_bytes()[:5000], "not a usable text tokenizer"),
    "not JSON": (b"\x80\x04pickle", "not a usable text tokenizer"),
    "not an object": (b"[]", "JSON object"),
    "deep": (b"[" * 10**6, "not a usable text tokenizer"),
    "huge": (b" " * (tokenizer_file.MAX_BYTES + 1), "larger than"),
    "no model": (_changed(lambda f: f.pop("model")), "'model' must be a JSON object"),
    "another model": (_changed(_set("model", "type", "Unigram")), "model.type is 'Unigram'"),
    "normalizer": (_changed(_set("normalizer", {"type": "Lowercase"})), "normalizer is .*Lowercase"),
    "truncation": (_changed(_set("truncation", {"max_length": 8})), "truncation"),
    "padding": (_changed(_set("padding", {"pad_id": 0})), "padding"),
    "post-processor": (_changed(_set("post_processor", {"type": "BertProcessing"})), "post_processor is .*Bert"),
    "no pre-tokenizer": (_changed(_set("pre_tokenizer", None)), "'pre_tokenizer' must be a JSON object"),
    "another pre-tokenizer": (_changed(_set("pre_tokenizer", {"type": "Whitespace"})), "pre_tokenizer.type"),
    "no pattern": (_changed(_set("pre_tokenizer", "use_regex", False)), "pre_tokenizer.use_regex is False"),
    "dropout": (_changed(_set("model", "dropout", 0.1)), "model.dropout is 0.1"),
    "byte fallback": (_changed(_set("model", "byte_fallback", True)), "model.byte_fallback"),
    "ignored merges": (_changed(_set("model", "ignore_merges", True)), "model.ignore_merges"),
    "prefix": (_changed(_set("model", "continuing_subword_prefix", "##")), "continuing_subword_prefix is '##'"),
    "suffix": (_changed(_set("model", "end_of_word_suffix", "</w>")), "end_of_word_suffix is '</w>'"),
    "a token that is matched in texts": (_changed(_set("added_tokens", 2, "special", False)), "'<eos>' is not"),
    "two ids for a special": (_changed(_set("added_tokens", 2, "id", 4)), "'<eos>' has two ids"),
    "vocabulary of another kind": (_changed(_set("model", "vocab", [["a", 0.1]])), "'model.vocab' must be a JSON"),
    "missing bytes": (_changed(_lose_a_byte), "byte 32"),
    "a hole in the ids": (_changed(_set("model", "vocab", "!", 5000)), "ids are not the numbers from 0"),
    "one id twice": (_changed(_set("model", "vocab", "!", 40)), "ids are not the numbers from 0"),
    "an id that is no number": (_changed(_set("model", "vocab", "!", "5")), "must be a whole number, found '5'"),
    "a long piece": (_changed(_long_piece), "2000 characters"),
    "no merges": (_changed(_set("model", "merges", None)), "'model.merges' must be a list"),
    "a merge of three": (_changed(_set("model", "merges", 7, ["a", "b", "c"])), "two pieces"),
    "a merge of unknown pieces": (_changed(_set("model", "merges", 7, ["a", "走"])), "merge 7 names the piece '走'"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_bundle_errors(kind, tmp_path):
    data, said = BAD[kind]
    path = tmp_path / "tokenizer.json"
    path.write_bytes(data)
    with pytest.raises(BundleError, match=said) as caught:
        ByteBPE.from_file(path)
    assert "tokenizer.json" in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_missing_file_is_a_bundle_error(tmp_path):
    with pytest.raises(BundleError, match="tokenizer.json cannot be read"):
        ByteBPE.from_file(tmp_path / "tokenizer.json")
