import json

import pytest

from sse_conform_server.privacy import TOO_DEEP, FieldStripper

strip = FieldStripper(["passwordHash", "token", "apiKey", "ssn"])


@pytest.mark.parametrize(
    "name",
    ["passwordHash", "password_hash", "PASSWORD-HASH", "Password Hash", "passwordhash", "userPasswordHash", "APIKey",
     "api.key", "x_token", "SSN", "\uff54\uff4f\uff4b\uff45\uff4e"],
)  # fmt: skip
def test_a_declared_name_is_known_in_every_spelling(name):
    assert strip({name: 1, "kept": 2}) == {"kept": 2}


@pytest.mark.parametrize("name", ["password", "tokenizer", "assigned", "hash", "sessionName", "title"])
def test_other_names_are_kept(name):
    assert strip({name: 1}) == {name: 1}


def test_nested_objects_arrays_and_json_in_text_are_stripped():
    value = {"a": [{"token": 1, "b": {"ssn": 2, "c": 3}}], "raw": '{"token": 1, "d": [{"apiKey": 4}]}'}
    assert strip(value) == {"a": [{"b": {"c": 3}}], "raw": json.dumps({"d": [{}]})}


def test_text_without_secrets_is_left_as_it_was_written():
    for text in ('{ "spaced" :1}', "{not json", "[", "plain token text", "42"):
        assert strip(text) == text


def test_text_too_deep_to_be_checked_is_withheld():
    assert strip({"raw": "[" * 100_000}) == {"raw": TOO_DEEP}


async def test_no_path_carries_a_sensitive_field(client):
    marker = "3f1c9b7d5a"
    user = await client.account()
    tab = await user.open()
    await tab.snapshot()
    secrets = {
        "password": marker,
        "internal_notes": marker,
        "list": [{"ApiKey": marker}],
        "raw": f'{{"ssn":"{marker}"}}',
    }
    made = await user.report("finding", details={"safe": "seen", "deep": {"er": secrets}, **secrets})
    live = await tab.notification()
    snapshot = await (await user.open()).snapshot()
    replay = await user.open(Last_Event_ID=str(made["notification_id"]))
    await replay.snapshot()
    await user.post(f"/api/vulnerabilities/{made['id']}/assign", {"assignee": user.id})
    assigned = await replay.notification()
    polled = (await user.get("/api/notifications")).json()
    metrics = (await client.http.get("/metrics")).text
    assert live["details"]["safe"] == "seen"
    for seen in (made, live, snapshot, assigned, polled, metrics):
        assert marker not in json.dumps(seen)
    assert user.id not in metrics
