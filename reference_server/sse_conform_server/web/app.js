/** The page: who is logged in, what was notified, and forms that notify. */

import { Connection, NotificationStream } from "./notification-stream.js";

const WORDS = {
  [Connection.CONNECTING]: "connecting",
  [Connection.LIVE]: "live",
  [Connection.RECONNECTING]: "reconnecting",
  [Connection.OFFLINE]: "offline",
  [Connection.POLLING]: "polling, push is refused",
  [Connection.STOPPED]: "stopped",
};
const LOGIN = "/api/auth/login";
/** What only somebody who is logged in sees. */
const WITHIN = ["desk", "bell", "connection", "leave"];
const TITLES = { NEW: "New", ASSIGNED: "Assigned", ALERT: "Alert" };

const find = (id) => document.getElementById(id);

/** The service says how often it pings and when to come back; all else follows from that. */
const { heartbeat, retry } = await (await fetch("/web/settings.json")).json();
const notifications = new NotificationStream({
  retry,
  slowest: 12 * retry,
  pollEvery: 2 * retry,
  silence: 2.5 * heartbeat,
});

/** What a person can do something about. */
class Problem extends Error {}

/** The JSON of an answer; null where the session has ended, which shows the login. Throws `Problem`. */
async function ask(path, body) {
  const headers = { "Content-Type": "application/json" };
  const request = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
  const answer = await fetch(path, request).catch(() => {
    throw new Problem("The service cannot be reached. Try again.");
  });
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  if (answer.status === 401 && path !== LOGIN) {
    leave({ ended: true });
    return null;
  }
  throw new Problem(said.message ?? said.problems?.[0]?.message ?? `The service answered ${answer.status}.`);
}

/** The id of the user of this name; undefined for no name. */
async function idOf(username) {
  if (!username.trim()) return undefined;
  const found = await ask(`/api/users?${new URLSearchParams({ username: username.trim() })}`);
  if (found && !found.items.length) throw new Problem(`There is no user ${username.trim()}.`);
  return found?.items[0].id;
}

function enter(user) {
  find("login").hidden = true;
  for (const id of WITHIN) find(id).hidden = false;
  find("alert").hidden = user.role !== "admin";
  find("who").textContent = user.username;
  notifications.start();
  find("notifications").focus({ preventScroll: true });
}

function leave({ ended }) {
  notifications.stop();
  for (const id of WITHIN) find(id).hidden = true;
  find("login").hidden = false;
  find("login-prompt").hidden = !ended;
  document.title = "Notifications";
  find("login").elements.username.focus();
}

/** The rows on show by the ids of their items: one that did not change is left alone, and keeps the focus. */
const rows = new Map();

function row(item) {
  const known = rows.get(item.id);
  if (known && known.read === item.read) return known.line;
  const line = document.createElement("li");
  const part = (tag, name, text) => Object.assign(document.createElement(tag), { className: name, textContent: text });
  line.dataset.id = item.id;
  line.className = item.read ? "" : "unread";
  const type = part("span", "type", TITLES[item.type] ?? item.type);
  type.dataset.type = item.type;
  const when = part("time", "", shortly(new Date(item.created_at)));
  when.dateTime = item.created_at;
  const about = part("span", "about", "");
  about.append(type, when);
  line.append(part("span", "message", item.message), about);
  if (!item.read) line.append(readButton(item));
  rows.set(item.id, { read: item.read, line });
  return line;
}

function readButton(item) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "second small", textContent: "Mark read" });
  button.ariaLabel = `Mark as read: ${item.message}`;
  button.addEventListener("click", async () => {
    const next = button.closest("li").nextElementSibling?.querySelector("button");
    await read(item.id);
    (next?.isConnected ? next : find("notifications")).focus(); // the button is gone: whoever uses keys goes on
  });
  return button;
}

/** The time of day, and before today the date. */
function shortly(date) {
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString([], today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}

function list(items) {
  const lines = items.map(row);
  const kept = new Set(lines);
  for (const old of [...find("items").children]) if (!kept.has(old)) old.remove();
  for (const [id, { line }] of rows) if (!kept.has(line)) rows.delete(id);
  lines.forEach((line, place) => {
    const there = find("items").children[place] ?? null;
    if (line !== there) find("items").insertBefore(line, there);
  });
}

/** What can be assigned: the vulnerabilities that the list tells of. */
function offer(items) {
  const known = new Map(items.filter((item) => item.vulnerability_id).map((item) => [item.vulnerability_id, item.message]));
  const choice = find("assign").elements.vulnerability;
  if ([...known.keys()].join() === [...choice.options].map((option) => option.value).join()) return;
  const chosen = choice.value;
  choice.replaceChildren(...[...known].map(([id, title]) => new Option(title, id, false, id === chosen)));
}

function show({ items, unread, connection, error }) {
  if (error === "auth") leave({ ended: true });
  const state = find("connection");
  state.dataset.state = connection;
  state.textContent = WORDS[connection];
  find("offline").hidden = connection !== Connection.OFFLINE;
  find("unread").textContent = unread;
  find("bell").classList.toggle("none", !unread);
  find("read-all").hidden = !unread;
  document.title = unread ? `(${unread}) Notifications` : "Notifications";
  find("empty").hidden = items.length > 0;
  list(items);
  offer(items);
}

/** Mark one as read, or with null all. */
async function read(id) {
  const said = await ask(id === null ? "/api/notifications/read-all" : `/api/notifications/${id}/read`, {}).catch(() => null);
  if (said) notifications.marksRead(id, said.unread);
}

/** Let a form act; what a person can mend is said in the form. */
function on(id, act) {
  const form = find(id);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = form.querySelector("[data-problem]");
    try {
      await act(Object.fromEntries(new FormData(form, event.submitter)), form);
      problem.hidden = true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem.textContent = error.message;
      problem.hidden = false;
    }
  });
}

on("login", async ({ act, username, password }, form) => {
  if (act === "signup") await ask("/api/auth/signup", { username, password });
  const { user } = await ask(LOGIN, { username, password });
  form.reset();
  enter(user);
});
on("leave", async () => {
  await ask("/api/auth/logout", {});
  leave({ ended: false });
});
on("create", async ({ title, assignee }, form) => {
  await ask("/api/vulnerabilities", { title, assignee: await idOf(assignee) });
  form.elements.title.value = "";
});
on("assign", async ({ vulnerability, assignee }) => {
  await ask(`/api/vulnerabilities/${vulnerability}/assign`, { assignee: await idOf(assignee) });
});
on("alert", async ({ message, user }, form) => {
  await ask("/api/admin/alerts", { message, user: await idOf(user) });
  form.elements.message.value = "";
});
find("read-all").addEventListener("click", () => read(null));

notifications.subscribe(show);
const me = await ask("/api/users/me").catch(() => null);
if (me) enter(me);
else find("login-prompt").hidden = true; // nobody was here yet
