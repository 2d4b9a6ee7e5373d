"""Every number and flag of the service, declared once; the TOML keys, environment names and options follow from it."""

import difflib
import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

PREFIX = "SSE_CONFORM_SERVER_"
SECRETS = frozenset({"jwt_key", "admin_password"})
"""Never given as an option: an argument list is readable by every user of the machine."""

DAY = 86_400
DEFAULT_SENSITIVE_FIELDS = (
    "password", "passwordHash", "token", "accessToken", "refreshToken", "apiKey", "secret",
    "privateKey", "internalNotes", "ssn", "creditCard", "authorization",
)  # fmt: skip


class SettingsError(ValueError):
    """A setting is unknown or out of range; the message names where it came from and what is allowed."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The service's configuration. Times are in seconds unless a description says otherwise."""

    host: Annotated[str, Meta(min_length=1, description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port to listen on; 0 picks a free one.")] = 8000
    database: Annotated[
        str,
        Meta(min_length=1, description="SQLite file, database URL, or `memory` for a file that is deleted at exit."),
    ] = "./sse-conform-server.sqlite3"

    redis: Annotated[
        str, Meta(description="URL of the Redis by which instances share what they publish; empty for one instance.")
    ] = ""

    heartbeat: Annotated[float, Meta(gt=0, le=DAY, description="Seconds of silence before a ping.")] = 25.0
    retry: Annotated[int, Meta(ge=0, description="Reconnection delay told to clients, in milliseconds.")] = 5000
    snapshot_items: Annotated[int, Meta(ge=1, le=1000, description="Newest notifications in a snapshot.")] = 20
    replay_limit: Annotated[
        int, Meta(ge=0, description="Most events replayed after Last-Event-ID; beyond it the snapshot alone is sent.")
    ] = 1000
    queue_events: Annotated[int, Meta(ge=1, description="Events a slow reader may fall behind.")] = 1024
    queue_bytes: Annotated[int, Meta(ge=1, description="Characters of data a slow reader may fall behind.")] = 4_194_304
    write_timeout: Annotated[float, Meta(gt=0, le=DAY, description="Seconds a write may stall before the cut.")] = 10.0
    shutdown_grace: Annotated[float, Meta(gt=0, le=DAY, description="Seconds given to open work at SIGTERM.")] = 5.0

    limit: Annotated[int, Meta(ge=1, description="Connection attempts allowed in a window for one address.")] = 20
    window: Annotated[int, Meta(ge=1, le=DAY, description="Length of that window, whole seconds.")] = 60
    trusted_proxies: Annotated[tuple[str, ...], Meta(description="Networks whose X-Forwarded-For is believed.")] = ()
    cors_origins: Annotated[tuple[str, ...], Meta(description="Exact origins that may read across sites.")] = ()

    token_ttl: Annotated[float, Meta(ge=1, le=3650 * DAY, description="Seconds a token from login is good for.")] = (
        3600.0
    )
    leeway: Annotated[float, Meta(ge=0, le=60, description="Clock difference forgiven in token times.")] = 0.0
    algorithms: Annotated[
        tuple[str, ...], Meta(min_length=1, description="Accepted JWT algorithms; tokens are signed with the first.")
    ] = ("HS256",)
    jwt_key: Annotated[
        str, Meta(description="HMAC secret (32 bytes or more) or private key in PEM; empty makes one for this run.")
    ] = ""
    jwt_issuer: Annotated[str, Meta(description="The `iss` to set and to require; empty for none.")] = ""
    jwt_audience: Annotated[str, Meta(description="The `aud` to set and to require; empty for none.")] = ""
    cookie_secure: Annotated[bool, Meta(description="Mark the session cookie Secure.")] = False
    password_time_cost: Annotated[int, Meta(ge=1, le=100, description="Argon2 passes.")] = 2
    password_memory: Annotated[int, Meta(ge=8, description="Argon2 memory in KiB.")] = 19_456
    admin_username: Annotated[str, Meta(description="An admin made at start, when none has that name.")] = ""
    admin_password: Annotated[str, Meta(description="The password of that admin.")] = ""
    open_admin: Annotated[bool, Meta(description="Let a sign-up ask for the admin role (tests and demos only).")] = (
        False
    )

    sensitive_fields: Annotated[
        tuple[str, ...], Meta(description="Field names stripped from all that leaves as a notification.")
    ] = DEFAULT_SENSITIVE_FIELDS
    max_body: Annotated[int, Meta(ge=1024, description="Largest request body, in bytes.")] = 1_048_576
    latency_budget: Annotated[
        float, Meta(gt=0, le=DAY, description="The delivery time promised; only faults that break it read this.")
    ] = 2.0

    def __post_init__(self) -> None:
        if bool(self.admin_username) != bool(self.admin_password):
            raise SettingsError("admin_username and admin_password go together: set both or neither")
        for network in self.trusted_proxies:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                raise SettingsError(f"trusted_proxies: {error}; write it as 10.0.0.0/8 or 127.0.0.1") from None


def field_types() -> dict[str, Any]:
    """Each setting's annotated type, in declaration order."""
    return get_type_hints(Settings, include_extras=True)


def description(name: str) -> str:
    """What a setting is for, in one sentence."""
    (meta,) = (m for m in field_types()[name].__metadata__ if isinstance(m, Meta) and m.description)
    return str(meta.description)


def load(
    *, file: Path | None = None, environ: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None
) -> Settings:
    """
    Join the three sources; a later one wins: TOML file, environment, command-line flags (`None` means not given).

    Raises `SettingsError` for an unknown name, a value of the wrong type or range, or an unreadable file.
    """
    values: dict[str, Any] = _from_file(file) if file else {}
    for variable, text in (environ or {}).items():
        if variable.startswith(PREFIX):
            name = _known(variable.removeprefix(PREFIX).lower(), origin=f"environment variable {variable}")
            values[name] = _convert(name, text, origin=f"environment variable {variable}")
    for name, value in (flags or {}).items():
        if value is not None:
            values[name] = _convert(name, value, origin=f"option --{name.replace('_', '-')}")
    return Settings(**values)


def _from_file(file: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read the configuration file {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}") from None
    return {_known(name, origin=str(file)): _convert(name, value, origin=str(file)) for name, value in table.items()}


def _known(name: str, *, origin: str) -> str:
    names = Settings.__struct_fields__
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"known settings: {', '.join(names)}"
    raise SettingsError(f"{origin}: unknown setting `{name}`; {hint}")


def _convert(name: str, value: object, *, origin: str) -> object:
    wanted = field_types()[name]
    if isinstance(value, str) and wanted.__origin__ not in (str, int, float, bool):
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        return msgspec.convert(value, wanted, strict=False)
    except msgspec.ValidationError as error:
        shown = "(hidden)" if name in SECRETS else repr(value)
        raise SettingsError(f"{origin}: `{name}` is {shown}: {str(error)[0].lower()}{str(error)[1:]}") from None
