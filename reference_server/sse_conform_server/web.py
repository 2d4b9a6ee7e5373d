"""The page at `/` and its files, as they lie in `web/`."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sse_conform_server.settings import Settings

INDEX = "index.html"
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@cache
def pages() -> Mapping[str, bytes]:
    """The files by their names."""
    folder = files("sse_conform_server") / "web"
    return MappingProxyType({file.name: file.read_bytes() for file in folder.iterdir()})


def routes(web: Mapping[str, bytes], settings: Settings) -> list[Route]:
    """`/` for the page, `/web/NAME` for its files, `/web/settings.json` for what it must know (milliseconds)."""
    told = {"heartbeat": round(settings.heartbeat * 1000), "retry": settings.retry}

    async def index(_: Request) -> Response:
        return _answer(INDEX, web[INDEX])

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        return _answer(name, web[name]) if name in web else Response(status_code=404)

    async def numbers(_: Request) -> Response:
        return JSONResponse(told, headers=_HEADERS)

    return [Route("/", index), Route("/web/settings.json", numbers), Route("/web/{name}", file)]


def _answer(name: str, body: bytes) -> Response:
    return Response(body, media_type=_TYPES[name.rpartition(".")[2]], headers=_HEADERS)
