"""What stands beside the stream: REST, polling, metrics, other origins, replay, logout."""

from collections.abc import AsyncIterator, Iterator

from sse_conform.discovery.routes import metric_names, page_pointer
from sse_conform.discovery.words import METRICS
from sse_conform.doctor.check import Check
from sse_conform.doctor.visit import ONE, OTHER, Visit
from sse_conform.entries import Exchanged
from sse_conform.printable import printable
from sse_conform.profile_problem import nearest
from sse_conform.prometheus_text import value_of
from sse_conform.scenario import Reply
from sse_conform.strict_json import NotJson, strict_json
from sse_conform.toml_text import toml

#: As much of an answer is shown, in characters.
SHOWN = 120
#: What a poll answers, by the plan.
_PAGE = ("unread", "items", "next")


async def service_checks(visit: Visit) -> AsyncIterator[Check]:
    """Everything that the profile declares beside the stream; the logout comes last."""
    profile = visit.profile
    if profile.rest:
        await visit.stage.rest(ONE, part="rest")
        yield _rest_check(_last(visit), profile.rest.method)
    if profile.capabilities.polling:
        reply = await visit.stage.poll(ONE, part="poll")
        yield _polling_check(visit, reply)
    if profile.capabilities.metrics:
        reply = await visit.stage.scrape(part="metrics")
        for check in _metrics_checks(visit, reply):
            yield check
    if profile.capabilities.replay:
        for check in _replay_checks(visit):
            yield check
    if profile.capabilities.cors:
        yield await _cors_check(visit)
    if profile.auth.logout:
        yield await _logout_check(visit)


def _last(visit: Visit) -> Exchanged:
    return visit.record.exchanges[-1]


def _answer(exchange: Exchanged) -> str:
    body = exchange.body[:SHOWN].decode("utf-8", "replace")
    said = exchange.error or f"{exchange.status} {body!r}"
    return printable(f"{exchange.method} {exchange.target} -> {said}")


def _rest_check(exchange: Exchanged, method: str) -> Check:
    if 200 <= exchange.status < 300:
        return Check(name="rest", said=f"{method} {exchange.target} answers {exchange.status}")
    return Check(name="rest", said=_answer(exchange), fix="name in [rest] a request that the same token may make")


def _polling_check(visit: Visit, reply: Reply) -> Check:
    exchange = _last(visit)
    if reply.status != 200:
        fix = "correct paths.polling, or leave out capabilities.polling"
        return Check(name="polling", said=_answer(exchange), fix=fix)
    page = reply.document
    if isinstance(page, dict) and all(key in page for key in _PAGE) and isinstance(page["items"], list):
        return Check(name="polling", said=f"answers {', '.join(_PAGE)}")
    try:
        elsewhere = page_pointer(strict_json(reply.text))
    except NotJson:
        elsewhere = None
    if elsewhere is not None:
        said = f"its page is not at {toml(visit.world.terms.polling_page)}"
        return Check(name="polling", said=said, fix=f"set page = {toml(elsewhere)} in [polling]")
    fix = "polling is to answer unread, items and next; where it is another, leave out capabilities.polling"
    return Check(name="polling", said=f"no page with {', '.join(_PAGE)}: {_answer(exchange)}", fix=fix)


def _metrics_checks(visit: Visit, reply: Reply) -> Iterator[Check]:
    if reply.status != 200:
        fix = "correct paths.metrics, or leave out capabilities.metrics"
        yield Check(name="metrics", said=_answer(_last(visit)), fix=fix)
        return
    names, found = metric_names(reply.text), 0
    for key, name in zip(METRICS, visit.world.terms.metric_names, strict=True):
        if value_of(reply.text, name) is not None or value_of(reply.text, f"{name}_count") is not None:
            found += 1
            continue
        likely = nearest(name, names) or next((each for each in names if METRICS[key].fullmatch(each)), "")
        fix = f"set {key} = {toml(likely)} in [metrics]" if likely else f"name in metrics.{key} what it is called"
        yield Check(name="metrics", said=f"there is no {name} among {len(names)} metrics", fix=fix)
    if found == len(METRICS):
        yield Check(name="metrics", said=f"has {', '.join(visit.world.terms.metric_names)}")


def _replay_checks(visit: Visit) -> Iterator[Check]:
    """Whoever resumes names the id of the last event, so events have to have ids."""
    news = [event for event in visit.stream(ONE).events if event.type == "notification"]
    if any(event.frame.id for event in news):
        yield Check(name="replay", said="notifications have ids")
    elif news:
        fix = "write an id: line in every notification, or leave out capabilities.replay"
        yield Check(name="replay", said="notifications have no ids, so nobody can say where to resume", fix=fix)


async def _cors_check(visit: Visit) -> Check:
    origin = visit.world.terms.allowed_origin
    stream = await visit.stage.subscribe(ONE, part="origin", headers=[("origin", origin)])
    await stream.close()
    said = ", ".join(visit.stream("origin").headers("access-control-allow-origin"))
    if said == origin:
        return Check(name="cors", said=f"{origin} is admitted")
    fix = "set cors.allowed_origin to one that the service admits, or leave out capabilities.cors"
    return Check(name="cors", said=f"to {origin} it answers Access-Control-Allow-Origin: {said or 'none'}", fix=fix)


async def _logout_check(visit: Visit) -> Check:
    """The second user logs out, where there is one: then its token is to be refused."""
    label = OTHER if OTHER in visit.cast else ONE
    status = await visit.stage.log_out(label)
    if not 200 <= status < 400:
        return Check(name="logout", said=_answer(_last(visit)), fix="correct [auth.logout]: its path, method and body")
    again = await visit.stage.subscribe(label, part="logged-out")
    await again.close()
    if again.status == 200:
        fix = "the service has to forget the token; where logging out is up to the client, leave out [auth.logout]"
        return Check(name="logout", said=f"answered {status}, but the token still opens streams", fix=fix)
    return Check(name="logout", said=f"answered {status}, and the token is refused ({again.status})")
