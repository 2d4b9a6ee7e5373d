"""What to do about a request of the profile that the target refuses, by the status of its answer."""

_ADVICE = {
    400: "correct the body in {table}: the answer says what it lacks",
    403: "the answer says why {table} is forbidden: it may lack a header, or whoever makes the request a right",
    404: "correct the path in {table}, or the base path in url: there is no such route, or nothing of that name",
    405: "correct the method in {table}: the route does not take this one",
    415: "send json instead of form in {table}, or form instead of json",
    422: "correct the body in {table}: the answer says what it lacks",
    429: "wait: the service limits the request in {table}, and another run or client has used the limit up",
}


def remedy(table: str, status: int) -> str:
    """One line of advice on the request in this table of the profile."""
    if status in _ADVICE:
        return _ADVICE[status].format(table=table)
    if status >= 500:
        return f"look into the target's logs: it fails on the request in {table}"
    return f"check the request in {table}, and who makes it"
