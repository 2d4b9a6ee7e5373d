"""Decoding by the standard, line by line and field by field."""

import pytest

from sse_conform.eventstream import (
    INVALID_OFFSETS_KEPT,
    LONGEST_RETRY,
    Decoder,
    LineEnd,
    decode,
)

from .bodies import BOM, bytewise, data_of, dispatched, feed, in_chunks, only

# --- the examples of WHATWG HTML 9.2.6 ---


def test_standard_example_1_three_data_lines_make_one_event():
    assert dispatched(decode(b"data: YHOO\ndata: +2\ndata: 10\n\n").frames) == [("message", "YHOO\n+2\n10", "")]


def test_standard_example_2_comment_ids_and_an_unterminated_fourth_block():
    body = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n"
    decoded = decode(body + b"\n")
    assert dispatched(decoded.frames) == [
        ("message", "first event", "1"),
        ("message", "second event", ""),
        ("message", " third event", ""),
    ]
    assert decoded.frames[0].comments == ("test stream",)
    assert len(decode(body).frames) == 3


def test_standard_example_3_empty_data_and_a_discarded_end():
    decoded = decode(b"data\n\ndata\ndata\n\ndata:")
    assert [frame.data for frame in decoded.frames] == ["", "\n"]
    assert decoded.remainder.partial_line == b"data:"


def test_standard_example_4_the_space_after_the_colon_is_optional():
    assert data_of(b"data:test\n\ndata: test\n\n") == ["test", "test"]


# --- lines ---


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([b"data: a", b""], ["a"]),
        ([b"data: a", b"", b"data: b", b"data: c", b""], ["a", "b\nc"]),
        ([b"data:", b"data: b", b""], ["\nb"]),
        ([b"data: a", b"data:", b"data: c", b""], ["a\n\nc"]),
        ([b"data: a", b"", b""], ["a"]),
        ([b"data: a", b"", b"", b"", b"data: b", b""], ["a", "b"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_each_line_end_works_in_chunks_of_any_size(end, lines, expected, size):
    body = b"".join(line + end for line in lines)
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    assert [frame.data for frame in feed(Decoder(), chunks)] == expected


def test_a_lone_cr_ends_a_line_without_waiting_for_the_next_byte():
    (frame,) = Decoder().feed(b"data: x\r\r")
    assert (frame.data, frame.end, frame.blank_end) == ("x", 9, LineEnd.CR)


def test_a_crlf_cut_in_two_ends_one_line():
    decoder = Decoder()
    (first,) = decoder.feed(b"data: x\r\n\r")
    (second,) = decoder.feed(b"\ndata: y\r\n\r\n")
    assert (first.end, first.blank_end, first.dispatch_end) == (10, LineEnd.CR, 10)
    assert (second.start, second.data, second.blank_end, second.dispatch_end) == (11, "y", LineEnd.CRLF, second.end - 1)
    assert decoder.extra_blank_lines == 0


def test_a_field_whose_crlf_is_cut_in_two_keeps_its_line_end():
    (frame,) = feed(Decoder(), [b"data: x\r", b"\n\n"])
    assert [field.line_end for field in frame.fields] == [LineEnd.CRLF]


def test_an_empty_chunk_does_not_separate_cr_from_lf():
    decoder = Decoder()
    assert len(feed(decoder, [b"data: x\r\r", b"", b"\n"])) == 1
    assert decoder.extra_blank_lines == 0


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x1e"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_only_cr_and_lf_end_lines(separator, end):
    assert only(f"data: a{separator}b".encode() + end + end).data == f"a{separator}b"


def test_a_long_line_in_single_bytes_takes_linear_time():
    decoder = Decoder()
    assert feed(decoder, bytewise(b"data: " + b"x" * 500_000)) == []
    assert decoder.pending == 500_006
    (frame,) = decoder.feed(b"\n\n")
    assert frame.data == "x" * 500_000


def test_a_frame_of_many_lines_takes_linear_time():
    line = b"data: " + b"x" * 50 + b"\n"
    (frame,) = feed(Decoder(), [line] * 40_000 + [b"\n"])
    assert len(frame.fields) == 40_000


# --- byte order mark and UTF-8 ---


@pytest.mark.parametrize("cuts", [set(), {1}, {2}, {1, 2}, {1, 2, 3}])
def test_a_leading_bom_is_stripped_however_it_is_cut(cuts):
    decoder = Decoder()
    (frame,) = feed(decoder, in_chunks(BOM + b"data: x\n\n", cuts))
    assert (decoder.bom, frame.start, frame.data) == (True, 3, "x")


def test_only_the_first_bom_is_stripped():
    decoded = decode(BOM + BOM + b"data: x\n\ndata: y\n\n")
    assert decoded.frames[0].fields[0].name == "\ufeffdata"
    assert [frame.dispatches for frame in decoded.frames] == [False, True]


def test_a_bom_after_a_blank_line_is_text():
    decoded = decode(b"\n" + BOM + b"data: x\n\n")
    assert (decoded.bom, decoded.frames[0].fields[0].name) == (False, "\ufeffdata")


@pytest.mark.parametrize("body", [b"\xef", b"\xef\xbb"])
def test_a_body_that_ends_inside_a_bom_is_a_partial_line(body):
    assert (decode(body).bom, decode(body).remainder.partial_line) == (False, body)


def test_undecodable_bytes_become_replacement_characters_and_are_located():
    decoded = decode(b"data: \xff\xe2\x82\n\nid: \xef\xbf\xbd\nda\xc3ta: \xf0\x9f\x98\n\n")
    assert (decoded.frames[0].data, decoded.frames[1].id) == ("\ufffd\ufffd", "\ufffd")
    assert (decoded.invalid_utf8, decoded.invalid_utf8_count) == ((6, 7, 21, 26), 4)


def test_the_offsets_of_undecodable_bytes_are_bounded_and_their_count_is_not():
    decoded = decode(b"data: " + b"\xff" * 1000 + b"\n\n")
    assert decoded.invalid_utf8 == tuple(range(6, 6 + INVALID_OFFSETS_KEPT))
    assert decoded.invalid_utf8_count == 1000


def test_undecodable_bytes_of_an_unfinished_block_count_save_in_the_partial_line():
    assert decode(b"data: \xff\nid: \xff").invalid_utf8 == (6,)


def test_a_character_cut_by_chunks_is_whole():
    body = "data: 😀é\n\n".encode()
    assert [frame.data for frame in feed(Decoder(), bytewise(body))] == ["😀é"]


# --- fields ---


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("data", "data", ""),
        ("data:", "data", ""),
        ("data: ", "data", ""),
        ("data:a", "data", "a"),
        ("data: a", "data", "a"),
        ("data:  a", "data", " a"),
        ("data:\ta", "data", "\ta"),
        ("data: a: b ", "data", "a: b "),
        ("data:a: b", "data", "a: b"),
        ("data :a", "data ", "a"),
        (" data: a", " data", "a"),
        ("Data: a", "Data", "a"),
        ("data\0: a", "data\0", "a"),
        ("data: \0", "data", "\0"),
        (":", "", ""),
        (": a", "", "a"),
        (":a: b", "", "a: b"),
        (": \0" + "x" * 2048, "", "\0" + "x" * 2048),
    ],
)
def test_a_line_is_cut_at_its_first_colon_and_loses_one_space(line, name, value):
    frame = only(f"{line}\n\n".encode())
    (field,) = frame.fields
    assert (field.name, field.value, field.raw) == (name, value, line.encode())
    assert (field.is_comment, field.has_colon) == (line.startswith(":"), ":" in line)
    assert frame.data == (value if name == "data" else None)


@pytest.mark.parametrize("lines", ["event: x", "id: 1", "retry: 5", ": comment", "Data: x", "unknown"])
def test_a_block_without_data_is_a_frame_that_dispatches_nothing(lines):
    assert not only(f"{lines}\n\n".encode()).dispatches


def test_trailing_empty_data_lines_are_kept():
    assert only(b"data: a\ndata:\ndata:\n\n").data == "a\n\n"


def test_field_order_does_not_matter():
    frame = only(b"data: a\nid: 1\nevent: e\n\n")
    assert (frame.type, frame.data, frame.last_event_id) == ("e", "a", "1")


def test_the_last_event_field_wins_even_when_it_is_empty():
    frames = decode(b"event: a\nevent: b\ndata\n\nevent: a\nevent\ndata\n\ndata\n\n").frames
    assert [(frame.event, frame.type) for frame in frames] == [("b", "b"), ("", "message"), (None, "message")]


def test_an_event_type_does_not_outlive_a_block_without_data():
    assert [frame.type for frame in decode(b"event: a\n\ndata: x\n\n").frames] == ["a", "message"]


# --- id and retry ---


def test_an_id_commits_at_the_blank_line_without_data_and_persists():
    frames = decode(b"id: 1\n\ndata: x\n\n").frames
    assert [(frame.id, frame.last_event_id) for frame in frames] == [("1", "1"), (None, "1")]


@pytest.mark.parametrize("reset", ["id", "id:", "id: "])
def test_an_empty_id_resets(reset):
    frames = decode(f"id: 1\ndata\n\n{reset}\ndata\n\n".encode()).frames
    assert [(frame.id, frame.last_event_id) for frame in frames] == [("1", "1"), ("", "")]


def test_an_id_with_nul_is_ignored_and_the_next_field_is_not():
    frame = decode(b"id: 1\ndata\n\nid: 2\0\ndata: x\n\n").frames[1]
    assert (frame.id, frame.last_event_id, frame.data) == (None, "1", "x")


def test_an_id_keeps_inner_spaces_and_non_ascii_characters():
    assert only("id:  a b é \ndata\n\n".encode()).id == " a b é "


def test_the_id_of_an_unterminated_block_is_left_in_the_remainder():
    decoded = decode(b"id: 1\ndata\n\nid: 2\ndata: x\nda")
    assert decoded.frames[-1].last_event_id == "1"
    assert [(field.name, field.value) for field in decoded.remainder.fields] == [("id", "2"), ("data", "x")]
    assert decoded.remainder.partial_line == b"da"


@pytest.mark.parametrize(
    "junk", ["", "1000x", "+100", "-1", "1.5", "1e3", " 7", "7 ", "1_000", "\u0661", "\u00b2", "0x10"]
)
def test_a_retry_that_is_not_all_ascii_digits_is_ignored(junk):
    assert only(f"retry: 5\nretry: {junk}\n\n".encode()).retry == 5


@pytest.mark.parametrize(
    ("digits", "milliseconds"),
    [
        ("0", 0),
        ("02000", 2000),
        ("0" * 6000 + "7", 7),
        ("9223372036854775807", 9223372036854775807),
        (str(LONGEST_RETRY + 1), LONGEST_RETRY),
        ("9" * 6000, LONGEST_RETRY),
    ],
)
def test_a_retry_is_decimal_and_saturates(digits, milliseconds):
    assert only(f"retry: {digits}\n\n".encode()).retry == milliseconds
