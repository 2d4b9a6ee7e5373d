"""A page of the tiny target, as a service of one page might have it, and the [ui] that describes it."""

from sse_conform.user_interface import Step, UserInterface

from .tiny_target import STREAM_HEAD, Reply, TinyTarget

UI = UserInterface(
    path="/page",
    login=(
        Step(fill="#login [name=user]", value="{username}"),
        Step(fill="#login [name=secret]", value="{password}"),
        Step(click="#login button"),
    ),
    notification="#list li",
    prompt="#login",
    unread="#unread",
    create=(
        Step(fill="#create [name=text]", value="{text}"),
        Step(fill="#create [name=target]", value="{target.id}"),
        Step(click="#create button"),
    ),
    logout=(Step(click="#leave"),),
)
PAGE = b"""<!doctype html>
<form id="login"><input name="user"><input name="secret" type="password"><button>Log in</button></form>
<form id="create"><input name="text"><input name="target"><button>Create</button></form>
<button id="leave">Leave</button> <b id="unread"></b> <ul id="list"></ul>
<script>
const find = (id) => document.getElementById(id);
let source;
const send = (path, form) => fetch(path, { method: "POST", body: JSON.stringify(form) });
const add = (item) => find("list").prepend(Object.assign(document.createElement("li"), { textContent: item.message }));
function open() {
  source = new EventSource("/stream");
  source.addEventListener("snapshot", (event) => {
    find("list").replaceChildren();
    JSON.parse(event.data).items.toReversed().forEach(add);
  });
  source.addEventListener("notification", (event) => add(JSON.parse(event.data)));
  source.onerror = () => source.readyState === EventSource.CLOSED && look();
}
async function look() {
  const { status } = await fetch("/items");
  if (status === 401) find("login").hidden = false;
  else setTimeout(open, 100);
}
find("login").onsubmit = async (event) => {
  event.preventDefault();
  const { user, secret } = event.target.elements;
  await send("/login", { username: user.value, password: secret.value });
  event.target.hidden = true;
  open();
};
find("create").onsubmit = (event) => {
  event.preventDefault();
  const { text, target } = event.target.elements;
  send("/events", { text: text.value, target: target.value });
};
find("leave").onclick = () => {
  source.close();
  find("login").hidden = false;
};
addEventListener("visibilitychange", () =>
  console.log("sight:", document.visibilityState, document.hidden, document.hasFocus()));
</script>
"""


def serve_page(target: TinyTarget) -> None:
    """The page, and streams that are to be tried again soon."""
    target.takes_over("GET /page", Reply(200, body=PAGE, headers={"Content-Type": "text/html"}))
    streaming = target.routes["GET /stream"]

    async def soon(request, writer):
        if target.user_of(request) is not None:
            writer.write(STREAM_HEAD + b"retry: 100\n\n")
            writer.write = without_head(writer.write)
        return await streaming(request, writer)

    target.routes["GET /stream"] = soon


def without_head(write):
    return lambda data: write(data.removeprefix(STREAM_HEAD))


def varied(**changes: object) -> UserInterface:
    """The same [ui] with some keys changed."""
    return UserInterface(**{name: getattr(UI, name) for name in UI.__struct_fields__} | changes)
