"""What to do about a request of the profile that the target refuses, by the status of its answer and what it says."""

import re

_ADVICE = {
    400: "correct the body in {table}: the answer says what it lacks",
    403: "the answer says why {table} is forbidden: it may lack a header, or whoever makes the request a right",
    404: "correct the path in {table}, or the base path in url: there is no such route, or nothing of that name",
    405: "correct the method in {table}: the route does not take this one",
    409: "the answer says with what the request in {table} conflicts",
    415: "send json instead of form in {table}, or form instead of json",
    422: "correct the body in {table}: the answer says what it lacks",
    429: "wait: the service limits the request in {table}, and another run or client has used the limit up",
}
_HEADER = "a header, such as one against forged requests (headers = {{ X-CSRF-Token = ... }})"
_MUTE_BODY = (
    "the answer does not say why; commonly missing in {table}: {field}, form instead of json or json instead of form, "
    f"or {_HEADER}"
)
#: The same where the remedy hangs on what the answer says, and it says nothing.
_MUTE = {
    400: _MUTE_BODY,
    403: f"the answer does not say why; {{table}} may lack {_HEADER}, or whoever makes the request a right",
    409: "the answer does not say with what it conflicts; something in {table} may have to differ each time: "
    "{{nonce}} does in a trigger, {{username}} in a sign-up",
    422: _MUTE_BODY,
}
_NO_WORDS = re.compile(r"<[^>]*>|https?://[^\s\"']+|\\[nrt]|(?:/[\w.~-]+)+")  # the path is that of our request
_WORD = re.compile(r"[^\W\d]{3,}")
#: What refusals are made of that say nothing: reason phrases, frames of JSON and HTML around them, and who made them.
_PHRASES = frozenset(
    _WORD.findall(
        "bad request forbidden conflict unprocessable entity content error errors message msg detail details "
        "description body title type status statuscode status_code code reason http https invalid failed failure false "
        "problem true null none success about blank path timestamp traceid trace_id requestid request_id instance data "
        "nginx openresty apache cloudflare"
    )
)


def remedy(table: str, status: int, said: str) -> str:
    """One line of advice on the request in this table of the profile, to which the target said this."""
    if status in _MUTE and not tells(said):
        concerned = ", {target.id} or {target.username} for whom it concerns" if "trigger" in table else ""
        named = f"a field under its right name{concerned}"
        return _MUTE[status].format(table=table, field=named)
    if status in _ADVICE:
        return _ADVICE[status].format(table=table)
    if status >= 500:
        return f"look into the target's logs: it fails on the request in {table}"
    return f"check the request in {table}, and who makes it"


def tells(said: str) -> bool:
    """Whether the words of a refusal are more than those which every refusal has."""
    return not _PHRASES.issuperset(word.lower() for word in _WORD.findall(_NO_WORDS.sub(" ", said)))
