import pytest

from sse_conform.driver.refusal_hints import remedy, tells


@pytest.mark.parametrize(
    "said",
    [
        "400 ''",
        "400 'Bad Request'",
        '422 \'{"error": "invalid request", "status": 422}\'',
        "403 '<!doctype html>\\n<html lang=en>\\n<title>403 Forbidden</title>\\n<h1>Forbidden</h1>'",
        '400 \'{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.1","title":"Bad Request","traceId":"00-1"}\'',
        "403 '<h1>403 Forbidden</h1></center>\\r\\n<hr><center>nginx/1.25.3</center>\\r\\n</body>'",
        '400 \'{"timestamp":"2026-01-01T10:00:00.000+00:00","status":400,"error":"Bad Request","path":"/api/login"}\'',
    ],
)
def test_a_refusal_of_nothing_but_phrases_does_not_say_why(said: str) -> None:
    assert not tells(said)


@pytest.mark.parametrize(
    "said", ['400 \'{"error": "assignee must be given"}\'', "403 'CSRF verification failed'", "422 '[\"assignee\"]'"]
)
def test_one_word_of_what_is_wrong_says_why(said: str) -> None:
    assert tells(said)


def test_what_a_mute_refusal_may_mean_is_suggested() -> None:
    said = remedy("[triggers.alert]", 400, "400 ''")
    assert "{target.id} or {target.username}" in said
    assert "form instead of json" in said
    assert "headers" in said
    assert "{target.id}" not in remedy("[auth.login]", 400, "400 ''")


def test_a_mute_refusal_of_a_right_or_for_a_conflict_blames_no_body() -> None:
    forbidden, conflict = (remedy("[users.signup]", status, f"{status} ''") for status in (403, 409))
    assert "X-CSRF-Token" in forbidden
    assert "a right" in forbidden
    assert "{username} in a sign-up" in conflict
    assert not [said for said in (forbidden, conflict) if "form instead of json" in said or "{{" in said]
    assert remedy("[users.signup]", 409, "409 'the name is taken'").startswith("the answer says with what")


def test_where_the_answer_says_what_it_lacks_that_is_said() -> None:
    assert remedy("[auth.login]", 422, "422 'email is missing'").endswith("the answer says what it lacks")


def test_a_status_that_speaks_for_itself_needs_no_words() -> None:
    assert remedy("[auth.login]", 415, "415 ''").startswith("send json instead of form")
    assert "logs" in remedy("[auth.login]", 503, "503 ''")
