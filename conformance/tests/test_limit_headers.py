import pytest

from sse_conform.limit_headers import SeenLimit, seen_limit


@pytest.mark.parametrize(
    ("headers", "attempts", "window"),
    [
        ({"ratelimit-policy": '"20-in-1min"; q=20; w=60; pk=:MTI3:'}, 20, 60),
        ({"ratelimit-policy": "20;w=60", "ratelimit": "limit=20, remaining=19, reset=60"}, 20, 60),
        ({"ratelimit": "limit=5, remaining=4, reset=10"}, 5, None),
        ({"ratelimit-limit": "100, 100;w=3600"}, 100, 3600),
        ({"x-ratelimit-limit": "30", "x-ratelimit-reset": "1700000000"}, 30, None),
        ({"retry-after": "12"}, None, None),
        ({"x-ratelimit-limit": "unlimited"}, None, None),
        ({}, None, None),
    ],
)
def test_the_limit_is_read_in_every_usual_spelling(headers, attempts, window) -> None:
    seen = seen_limit(headers)
    assert (seen.attempts, seen.window) == (attempts, window)
    assert bool(seen.named_by) is (attempts is not None)


def test_nothing_said_is_nothing_seen() -> None:
    assert seen_limit({}) == SeenLimit()
