"""Origins that resemble the admitted one and are not it: whom a list that compares badly lets in. Pure."""

from urllib.parse import urlsplit

#: The parts of `cors.origins`: a page whose origin begins and ends like the admitted one, one that hides its own, one
#: at another port of the same host, and one whose name has letters where the admitted one has dots.
STRANGER, NOBODY, OTHER_PORT, DOTLESS = "stranger", "nobody", "other-port", "dotless"
#: Ports that nobody is likely to have put on a list.
_PORTS = (49151, 49150)


def strange_origins(admitted: str) -> dict[str, str]:
    """The origins by the part that tries each; without one that would be the admitted one itself."""
    origin = urlsplit(admitted)
    scheme, host = origin.scheme or "https", origin.netloc or "app"
    name, _, port = host.partition(":")
    other = next(each for each in _PORTS if str(each) != port)
    found = {
        STRANGER: f"{scheme}://{name}.evil{host}",
        NOBODY: "null",
        OTHER_PORT: f"{scheme}://{name}:{other}",
        DOTLESS: f"{scheme}://{name.replace('.', 'x')}{host[len(name) :]}",
    }
    return {part: strange for part, strange in found.items() if strange != f"{scheme}://{host}"}
