"""A path in other spellings; none of them may name another host."""

from urllib.parse import unquote, urljoin, urlsplit

import pytest

from sse_conform.spelling import Spelling

PATH = "/api/notifications"


@pytest.mark.parametrize(
    ("spelling", "path"),
    [
        (Spelling.PLAIN, "/api/notifications"),
        (Spelling.SLASH_AFTER, "/api/notifications/"),
        (Spelling.TWO_SLASHES, "/api//notifications"),
        (Spelling.PARAMETER, "/api/notifications;v=1"),
        (Spelling.ENCODED, "/api/notification%73"),
        (Spelling.UPPER_CASE, "/API/NOTIFICATIONS"),
    ],
)
def test_each_spelling_changes_one_thing(spelling, path):
    assert spelling.of(PATH) == path


@pytest.mark.parametrize("spelling", Spelling)
@pytest.mark.parametrize("path", ["/events", "/a/b/c"])
def test_every_spelling_stays_on_the_host(spelling, path):
    url = urljoin("http://target.example:8000/", spelling.of(path))
    assert urlsplit(url).netloc == "target.example:8000"


@pytest.mark.parametrize("spelling", Spelling)
def test_the_query_stays_as_it_is(spelling):
    assert spelling.of(f"{PATH}?User=a;b").endswith("?User=a;b")


def test_the_encoded_one_is_the_same_path():
    assert unquote(Spelling.ENCODED.of(PATH)) == PATH
