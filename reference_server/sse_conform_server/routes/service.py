"""What operators look at."""

from fastapi import APIRouter, Response

from sse_conform_server.routes.context import TheParts

router = APIRouter(tags=["service"])


@router.get("/health")
async def health(parts: TheParts) -> dict[str, str]:
    """200 while the database answers."""
    await parts.store.last_id()
    return {"status": "ok"}


@router.get("/metrics", response_class=Response)
async def metrics(parts: TheParts) -> Response:
    """Prometheus text format."""
    return Response(parts.metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")
