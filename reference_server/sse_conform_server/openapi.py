"""The API description, with the stream route that FastAPI does not know."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

_STREAM: dict[str, Any] = {
    "get": {
        "summary": "Stream notifications",
        "description": (
            "Server-Sent Events: `snapshot` first, then `notification` as they happen and `ping` in the silence. "
            "Send the token as `Authorization: Bearer` or in the session cookie."
        ),
        "tags": ["notifications"],
        "parameters": [
            {
                "name": "Last-Event-ID",
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
                "description": "Replay what followed this event.",
            }
        ],
        "responses": {
            "200": {
                "description": "A stream that ends with its token.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            "401": {"description": "No good token."},
            "429": {"description": "Too many connection attempts; see Retry-After."},
        },
    }
}


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of all routes."""
    document = get_openapi(title=app.title, version="1", routes=app.routes)
    document["paths"]["/api/stream/notifications"] = _STREAM
    return document
