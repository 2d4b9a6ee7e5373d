import datetime as dt

import pytest

from sse_conform.profile_shape import problems_of, scalar_paths


def said(table: dict[str, object]) -> list[tuple[str, str, str]]:
    return [(problem.path, problem.what, problem.remedy) for problem in problems_of({"url": "http://x", **table})]


def test_the_smallest_table_has_the_right_shape() -> None:
    assert said({}) == []


def test_integers_are_numbers_and_true_is_none() -> None:
    assert said({"numbers": {"heartbeat": 25}}) == []
    assert said({"numbers": {"heartbeat": True}}) == [("numbers.heartbeat", "is true", "give a number above 0")]


@pytest.mark.parametrize(
    ("table", "path", "what", "remedy"),
    [
        ({"numbers": {"burst": 0}}, "numbers.burst", "is 0", "give a whole number of at least 1"),
        ({"numbers": {"latency": -1.5}}, "numbers.latency", "is -1.5", "give a number above 0"),
        ({"numbers": {"latency": float("inf")}}, "numbers.latency", "is inf", "give a number above 0"),
        ({"numbers": {"retry": "5 s"}}, "numbers.retry", 'is the string "5 s"', "a whole number of at least 1"),
        ({"numbers": 5}, "numbers", "is 5", "give a table [numbers] with the keys heartbeat"),
        ({"tls": {"verify": "no"}}, "tls.verify", 'is the string "no"', "give true or false"),
        ({"auth": {"carrier": "header"}}, "auth.carrier", 'is the string "header"', '"bearer", "cookie", "query"'),
        ({"sensitive_fields": "ssn"}, "sensitive_fields", 'is the string "ssn"', "a list of strings"),
        ({"users": {"accounts": {"username": "a"}}}, "users.accounts", "is a table", "a list of tables"),
        ({"users": {"accounts": [{"username": "a", "id": 1.5}]}}, "users.accounts[0].id", "is 1.5", "or"),
        ({"users": {"accounts": [{}, {"username": 7}]}}, "users.accounts[1].username", "is 7", "a string"),
        ({"users": {"accounts": [{"token": "t"}]}}, "users.accounts[0].username", "is missing", "give a string"),
        ({"rest": {"path": "/", "headers": {"a": 1}}}, "rest.headers.a", "is 1", "give a string"),
        ({"rest": {"path": "/", "json": [dt.date(2024, 1, 1)]}}, "rest.json[0]", "is a date", "as a string"),
        ({"rest": {"path": "/", "json": {"n": float("nan")}}}, "rest.json.n", "is nan", "finite"),
    ],
)
def test_a_wrong_value_is_named_by_path_and_put_right(
    table: dict[str, object], path: str, what: str, remedy: str
) -> None:
    found = {p: (w, r) for p, w, r in said(table)}
    assert what in found[path][0]
    assert remedy in found[path][1]


def test_an_unknown_key_is_answered_with_the_nearest_and_all_known_ones() -> None:
    ((path, what, remedy),) = said({"numbers": {"heart_beat": 25}})
    assert (path, what) == ("numbers.heart_beat", "is not a known key")
    assert "did you mean heartbeat?" in remedy
    assert "the known keys of [numbers] are burst, fallback, grace, heartbeat" in remedy


def test_a_key_in_the_wrong_table_is_sent_to_the_right_one() -> None:
    ((_, _, remedy),) = said({"rate_window": 60})
    assert "did you mean numbers.rate_window?" in remedy


def test_every_mistake_is_found_at_once() -> None:
    table = {"nmae": "x", "numbers": {"burst": 0, "latency": "2"}, "triggers": {"alert": {"steps": [{}]}}}
    assert [path for path, _, _ in said(table)] == [
        "nmae", "numbers.burst", "numbers.latency", "triggers.alert.steps[0].path",
    ]  # fmt: skip


def test_optional_tables_and_arrays_of_tables_hold_no_single_values() -> None:
    paths = scalar_paths()
    assert {"url", "numbers.max_stream_age", "auth.carrier", "source_addresses"} <= paths.keys()
    assert not [path for path in paths if path.startswith(("auth.login", "users.", "triggers.", "rest", "accept"))]
