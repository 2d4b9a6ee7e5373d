import pytest


async def test_pages_after_a_cursor_show_everything_once_oldest_first(client):
    user = await client.account()
    start = (await user.get("/api/notifications")).json()
    assert start == {"unread": 0, "items": [], "next": 0}
    sent = [(await user.report(f"finding {number}"))["notification_id"] for number in range(12)]
    cursor, seen = start["next"], []
    while page := (await user.get("/api/notifications", after=cursor, limit=5)).json():
        if not page["items"]:
            break
        assert page["unread"] == 12
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert seen == sent
    assert page == {"unread": 12, "items": [], "next": sent[-1]}


async def test_without_a_cursor_the_newest_are_shown_oldest_first(client):
    user = await client.account()
    sent = [(await user.report(f"finding {number}"))["notification_id"] for number in range(22)]
    page = (await user.get("/api/notifications")).json()
    assert [item["id"] for item in page["items"]] == sent[-20:]
    assert page["next"] == sent[-1]


@pytest.mark.parametrize("params", [{"after": "abc"}, {"after": "-1"}, {"after": ""}, {"after": "1.5"}, {"after": "٣"},
                                    {"after": "9" * 15}, {"after": "9" * 40}, {"limit": "0"}, {"limit": "101"},
                                    {"limit": "x"}], ids=str)  # fmt: skip
async def test_bad_cursors_and_limits_are_refused(client, params):
    answer = await (await client.account()).get("/api/notifications", **params)
    assert answer.status_code == 400


async def test_the_answer_is_not_kept_by_caches(client):
    user = await client.account()
    for path in ("/api/notifications", "/api/notifications/unread-count"):
        assert (await user.get(path)).headers["cache-control"] == "no-store"


async def test_reading_lowers_the_unread_count_everywhere(client):
    user, other = await client.account(), await client.account()
    ids = [(await user.report(f"finding {number}"))["notification_id"] for number in range(3)]
    assert (await user.post(f"/api/notifications/{ids[0]}/read")).json() == {"unread": 2}
    assert (await other.post(f"/api/notifications/{ids[1]}/read")).status_code == 404
    assert (await user.post("/api/notifications/x/read")).status_code == 404
    snapshot = await (await user.open()).snapshot()
    assert snapshot["unread"] == 2
    assert [item["read"] for item in snapshot["items"]] == [False, False, True]
    assert (await user.post("/api/notifications/read-all")).json() == {"unread": 0}
    assert (await user.get("/api/notifications/unread-count")).json() == {"unread": 0}


async def test_polling_needs_the_same_token(client):
    answer = await client.http.get("/api/notifications")
    assert answer.status_code == 401
    assert "www-authenticate" in answer.headers
