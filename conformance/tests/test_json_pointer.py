import pytest

from sse_conform.json_pointer import ids_in, places, pointers_to, resolve

# The document of RFC 6901, section 5.
DOCUMENT = {
    "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, 'k"l': 6, " ": 7, "m~n": 8,
    "7": "seven",
}  # fmt: skip


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", DOCUMENT), ("/foo", ["bar", "baz"]), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/c%d", 2), ("/e^f", 3),
        ("/g|h", 4), ("/i\\j", 5), ('/k"l', 6), ("/ ", 7), ("/m~0n", 8), ("/7", "seven"),
    ],
)  # fmt: skip
def test_a_pointer_names_a_value(pointer, value):
    assert resolve(DOCUMENT, pointer) == value


def test_an_escaped_tilde_is_unescaped_once():
    assert resolve({"~1": "tilde one", "/": "slash"}, "/~01") == "tilde one"


@pytest.mark.parametrize(
    "pointer",
    [
        "/gone",
        "/foo/2",
        "/foo/-1",
        "/foo/-",
        "/foo/01",
        "/foo/+1",
        "/foo/ 1",
        "/foo/1_0",
        "/foo/bar",
        "/foo/0/x",
        "/7/0",
    ],
)
def test_a_pointer_that_names_nothing_is_a_lookup_error(pointer):
    with pytest.raises(LookupError):
        resolve(DOCUMENT, pointer)


@pytest.mark.parametrize("document", [None, 7, "text", True])
def test_nothing_lies_within_what_is_no_object_or_array(document):
    with pytest.raises(LookupError):
        resolve(document, "/a")


def test_every_scalar_has_a_pointer_that_leads_to_it() -> None:
    document = {"a/b": [1, {"~": None}], "c": {"id": "x"}}
    assert dict(places(document)) == {"/a~1b/0": 1, "/a~1b/1/~0": None, "/c/id": "x"}
    assert all(resolve(document, pointer) == value for pointer, value in places(document))


def test_ids_are_found_the_likeliest_first() -> None:
    answer = {"data": {"user": {"userId": 7, "email": "a@b"}}, "id": True, "uuid": "u"}
    assert ids_in(answer) == [("/uuid", "u"), ("/data/user/userId", 7)]


def test_a_value_is_found_whether_it_is_a_number_or_a_text() -> None:
    assert pointers_to({"x": {"n": 7}, "m": "7", "flag": True}, 7) == ["/m", "/x/n"]


def test_what_is_nested_without_end_is_looked_at_no_further() -> None:
    deep = "bottom"
    for _ in range(100):
        deep = [deep]
    assert list(places(deep)) == []
