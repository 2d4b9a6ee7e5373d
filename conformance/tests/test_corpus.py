"""The corpora are what they say: read as written, each entry with a reason of its own."""

import json
import re

import pytest

from sse_conform import corpus
from sse_conform.corpus import _Requests, _Texts, _Tokens, parse
from sse_conform.entries import TokenKind
from sse_conform.errors import ConformError
from sse_conform.shipped import shipped

CORPORA = {
    "texts": corpus.texts(),
    "last-event-ids": corpus.last_event_ids(),
    "cursors": corpus.cursors(),
    "methods": corpus.methods(),
    "odd requests": corpus.odd_requests(),
    "tokens": corpus.tokens(),
    "aliases": corpus.aliases(),
}
each_corpus = pytest.mark.parametrize("entries", CORPORA.values(), ids=CORPORA)
TEXT = "[[text]]\nname = 'a'\nwhy = 'It is so.'\n"


def text(line: str) -> corpus.Text:
    return parse(TEXT + line, _Texts, name="texts.toml").text[0]


@each_corpus
def test_names_are_unique(entries):
    assert len({entry.name for entry in entries}) == len(entries)


@each_corpus
def test_a_name_can_be_part_of_a_scene(entries):
    assert [entry.name for entry in entries if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.name)] == []


def test_every_entry_has_a_reason_of_its_own_in_one_sentence():
    reasons = [entry.why for entries in CORPORA.values() for entry in entries]
    assert len(set(reasons)) == len(reasons)
    assert [why for why in reasons if not why.endswith(".") or ". " in why] == []


def test_no_value_is_said_twice():
    for entries in (corpus.texts(), corpus.last_event_ids(), corpus.cursors()):
        assert len({entry.value for entry in entries}) == len(entries)


def test_every_file_is_read():
    files = {file.name for file in shipped("corpora").glob("*.toml")}
    names = ("texts", "last-event-ids", "cursors", "requests", "tokens", "aliases")
    assert files == {f"{name}.toml" for name in names}


# the notation


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r"a\nb\r\tc", "a\nb\r\tc"),
        (r"\u0000", "\0"),
        (r"\ud83d\udea8", "\U0001f6a8"),
        (r"\ud800", "\ud800"),
        (r"\"\\\u0027", "\"\\'"),
        ("é", "é"),
    ],
)
def test_a_value_is_the_content_of_a_json_string(written, value):
    assert text(f"text = '{written}'").value == value


def test_a_run_stands_where_the_text_says():
    assert text(r"text = '<{run}>{marker}'" "\n" r"unit = '\u00e9'" "\ntimes = 3").value == "<ééé>{marker}"


def test_nul_lone_surrogates_and_stray_bytes_survive():
    texts = {entry.name: entry.value for entry in corpus.texts()}
    ids = {entry.name: entry.value for entry in corpus.last_event_ids()}
    assert "\0" in texts["nul"]
    assert "\ud800" in texts["lone-surrogate"]
    assert ids["beyond-ascii"].encode("utf-8", "surrogateescape").endswith(b"\xe9")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("text = 'x'\nwhi = 'y'", "unknown field `whi` - at `$.text[0]`"),
        ("text = 'a\"b'", "is no content of a JSON string"),
        (r"text = 'a\x00'", "is no content of a JSON string"),
        ("text = 3", "expected a string, got 3"),
        ("", "missing required field `text`"),
        ("text = ", "Invalid value"),
        ("text = 'x'\n[[texts]]\nname = 'b'", "unknown field `texts`"),
    ],
)
def test_a_malformed_corpus_is_refused_with_the_place(lines, said):
    with pytest.raises(ConformError, match=f"texts.toml is malformed: .*{re.escape(said)}"):
        text(lines)


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        (_Tokens, "[[token]]\nname = 'unheard-of'\nwhy = ''"),
        (_Tokens, "[[token]]\nname = 'expired'\nwhy = ''\nclaim = {}"),
        (_Tokens, "[[token]]\nname = 'expired'\nwhy = ''\nsign = 'nobody'"),
        (_Requests, "method = []\n[[odd]]\nname = 'x'\nwhy = ''\nheader = {}"),
    ],
)
def test_an_unknown_key_or_kind_is_an_error(kind, entry):
    with pytest.raises(ConformError, match="is malformed"):
        parse(entry, kind, name="x.toml")


# texts


def test_a_text_begins_and_ends_with_its_marker_so_that_a_cut_shows():
    bare = [t.name for t in corpus.texts() if not (t.value.startswith("{marker} ") and t.value.endswith(" {marker}"))]
    assert bare == []


def test_the_long_texts_come_first_so_that_a_poll_of_the_newest_reads_all_others_back():
    long = [len(entry.value) > 1000 for entry in corpus.texts()]
    assert long == sorted(long, reverse=True)
    assert any(long)


def test_every_value_travels_as_ascii_json():
    for entry in corpus.texts():
        assert json.loads(json.dumps(entry.value)) == entry.value


# aliases


def test_every_alias_of_a_name_is_another_name():
    aliases = {alias.name: alias.of("bob-1") for alias in corpus.aliases()}
    assert aliases == {
        "longer": "bob-10",
        "prefixed": "xbob-1",
        "capitals": "BOB-1",
        "separator": "bob-1:x",
        "star": "bob-1*",
    }


# tokens


def test_the_corpus_knows_how_to_make_every_kind_but_the_genuine_one_and_none():
    assert {token.name for token in corpus.tokens()} == set(TokenKind) - {TokenKind.GENUINE, TokenKind.MISSING}


def test_exactly_what_is_signed_with_the_targets_key_counts_as_minted():
    signed = {token.name for token in corpus.tokens() if token.sign is corpus.Signature.TARGET and not token.text}
    assert signed == {kind for kind in TokenKind if kind.minted}


def test_a_token_changes_one_thing():
    changes = ("text", "header", "claims", "without", "from_now")
    strange = {corpus.Signature.STRANGER, corpus.Signature.EMBEDDED}
    for token in corpus.tokens():
        changed = [name for name in changes if getattr(token, name)]
        cut = token.sign is corpus.Signature.NONE and not token.header
        if token.name is not TokenKind.RESIGNED:
            assert len(changed) + (token.sign in strange or cut) == 1, token.name
