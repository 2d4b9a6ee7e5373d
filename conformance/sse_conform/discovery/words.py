"""What routes and fields are commonly called."""

import re

DESCRIPTION_PATHS = (
    "/openapi.json",
    "/swagger.json",
    "/v3/api-docs",
    "/api-docs",
    "/api/openapi.json",
    "/swagger/v1/swagger.json",
    "/openapi.yaml",
)
#: Pages that show an API; their source names its document.
DESCRIPTION_PAGES = ("/docs", "/swagger-ui/index.html")
SIGN_UP_PATHS = (
    "/api/auth/signup",
    "/api/auth/register",
    "/auth/register",
    "/auth/signup",
    "/api/register",
    "/api/signup",
    "/register",
    "/signup",
)
LOG_IN_PATHS = (
    "/api/auth/login",
    "/auth/login",
    "/api/login",
    "/login",
    "/auth/token",
    "/api/auth/token",
    "/token",
    "/session",
    "/api/session",
)
STREAM_PATHS = (
    "/api/stream/notifications",
    "/api/notifications/stream",
    "/api/events/stream",
    "/v1/events/stream",
    "/api/v1/notifications/stream",
    "/notifications/stream",
    "/api/sse",
    "/events",
)
POLLING_PATHS = ("/api/notifications", "/notifications", "/api/v1/notifications")
METRICS_PATHS = ("/metrics", "/actuator/prometheus")
ME_PATHS = ("/api/me", "/v1/me", "/me", "/api/users/me")

#: Fields that name a person who logs in, the likeliest first.
NAMES = ("username", "email", "login", "user", "name", "user_name", "userName", "handle", "account", "identifier")
PASSWORDS = ("password", "passwd", "pass", "secret", "pwd")
#: Claims that name the user where none equals a known id, the likeliest first (RFC 7519, 4.1.2 for sub).
SUBJECTS = ("sub", "userId", "user_id", "uid", "id", "userID", "account_id", "username")

#: Fields that become the message of an event, the likeliest first.
TEXTS = ("message", "text", "title", "name", "subject", "summary", "headline", "content", "body", "description")
RECIPIENT = re.compile(r"assign|owner|recipient|^user|^to$|^target|^for", re.IGNORECASE)
BY_NAME = re.compile(r"user_?name|login|e-?mail", re.IGNORECASE)
FREE_OBJECT = re.compile(r"detail|meta|extra|data|payload|context|attribute|propert", re.IGNORECASE)

#: Names that nobody would send to a client on purpose.
SENSITIVE_FIELDS = ("password", "passwordHash", "secret", "apiKey", "token")

#: What a metric is called that counts what the plan asks for.
METRICS = {
    "open_connections": re.compile(r"(?!.*(total|duration)).*(open|active|current|connect|subscribers|clients).*"),
    "stream_duration": re.compile(r".*(duration|lifetime|age).*"),
    "events_sent": re.compile(r".*(events?|messages?|notifications?).*(sent|total|delivered|published).*"),
}
