import pytest

from sse_conform.discovery.described import Described, read_description
from sse_conform.discovery.description import Field, Operation
from sse_conform.discovery.triggers import draft_triggers
from sse_conform.errors import UsageError

PASSWORD = (Field(name="username", kind="string", required=True), Field(name="password", kind="string", required=True))


def operation(method, path, *, words="", fields=(), media_types=(), **more) -> Operation:
    label = f"{path} {words}".lower()
    return Operation(
        method=method, path=path, label=label, words=label, fields=fields, media_types=media_types, **more
    )  # fmt: skip


def described(*operations) -> Described:
    return Described(name="/openapi.json", operations=operations)


def texts(*names, required=True):
    return tuple(Field(name=name, kind="string", required=required) for name in names)


def test_each_route_is_told_by_its_name_and_what_it_takes() -> None:
    service = described(
        operation("POST", "/auth/register", fields=PASSWORD),
        operation("POST", "/auth/login", words="exchange a password for a token", fields=PASSWORD),
        operation("POST", "/auth/login/reset-password", fields=PASSWORD),
        operation("POST", "/auth/logout"),
        operation("GET", "/notifications"),
        operation("GET", "/notifications/{id}"),
        operation("GET", "/notifications/stream"),
        operation("GET", "/metrics"),
        operation("GET", "/users/me"),
    )
    assert service.sign_up.path == "/auth/register"
    assert service.login.path == "/auth/login"
    assert service.logout.path == "/auth/logout"
    assert service.polling.path == "/notifications"
    assert service.stream.path == "/notifications/stream"
    assert service.metrics.path == "/metrics"
    assert service.me.path == "/users/me"


def test_the_media_type_tells_a_stream_whatever_it_is_called() -> None:
    service = described(
        operation("GET", "/livestreams"),
        operation("GET", "/bell", media_types=("text/event-stream; charset=utf-8",)),
    )
    assert service.stream.path == "/bell"


def test_a_session_begins_with_post_and_ends_with_delete() -> None:
    service = described(operation("POST", "/session", fields=PASSWORD), operation("DELETE", "/session"))
    assert (service.login.path, service.logout.method) == ("/session", "DELETE")


def test_nothing_is_made_up() -> None:
    service = described(operation("GET", "/"), operation("POST", "/upload", fields=texts("file")))
    assert [service.sign_up, service.login, service.stream, service.polling, service.metrics, service.me] == [None] * 6
    assert draft_triggers(service) == {}
    assert not Described()


def service_with_triggers() -> Described:
    details = Field(name="details", kind="object", required=False)
    owner = Field(name="ownerId", kind="integer", required=False)
    return described(
        operation("POST", "/api/vulns", fields=(*texts("name"), owner, details), answers=("/data/vuln/vulnId",)),
        operation("PUT", "/api/vulns/{vulnId}/owner", fields=(owner,)),
        operation("POST", "/api/admin/alerts", words="admins only", fields=texts("text")),
        operation("POST", "/api/notifications/read-all", fields=texts("message")),
    )


def test_the_triggers_are_drafted_from_what_creates_assigns_and_alerts() -> None:
    drafts = draft_triggers(service_with_triggers())
    assert set(drafts) == {"vulnerability", "invalid", "sensitive", "assignment", "alert"}
    assert drafts["vulnerability"].value.steps == (
        {"path": "/api/vulns", "json": {"name": "{text}", "ownerId": "{target.id}"}},
    )
    assert drafts["assignment"].value.steps == (
        {
            "path": "/api/vulns",
            "json": {"name": "{text}", "ownerId": "{sender.id}"},
            "save": {"vulnid": "/data/vuln/vulnId"},
        },
        {"method": "PUT", "path": "/api/vulns/{vulnid}/owner", "json": {"ownerId": "{target.id}"}},
    )
    assert drafts["sensitive"].value.steps[0]["json"]["details"] == "{sensitive}"
    assert drafts["invalid"].value.steps[0]["json"]["ownerId"] == "nobody-of-this-name"


def test_an_alert_without_recipients_concerns_everyone_and_an_admin_raises_it() -> None:
    alert = draft_triggers(service_with_triggers())["alert"]
    assert (alert.value.admin, alert.value.everyone) == (True, True)
    assert alert.why == "POST /api/admin/alerts, found in /openapi.json"


@pytest.mark.parametrize(
    ("text", "said"), [("<html>", "is no API description"), ('{"a": 1}', "is no API description"), (None, "cannot")]
)
def test_a_file_that_is_no_description_is_refused(tmp_path, text, said) -> None:
    file = tmp_path / "openapi.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_description(str(file), "")
