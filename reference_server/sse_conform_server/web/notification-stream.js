/**
 * Notifications as they happen: pushed over Server-Sent Events, polled as long as push does not come through.
 *
 * A snapshot sets the list, a notification is put in front of it and the newest 50 are kept, a ping changes nothing.
 * A dropped connection comes back: the browser reconnects by itself, and a line that fell silent is opened anew. 401
 * stops for good and sets the error "auth"; whoever shows the state asks for a login. Closing the connection on every
 * error, as sketches of such clients often do, would end the reconnecting with the first lost packet.
 *
 * The state is immutable and changes only through listeners, so a hook is a line of React:
 *
 *   const state = useSyncExternalStore(notifications.subscribe, () => notifications.state);
 */

/** How many notifications are kept. */
const KEEP = 50;
/** Of so many items is one page of the polling fallback; the service admits no more. */
const PAGE = 100;
/** Pages read in one go; whoever missed more sees the newest after the next snapshot. */
const PAGES = 10;

/** @enum {string} How the notifications come. */
export const Connection = Object.freeze({
  CONNECTING: "connecting",
  LIVE: "live",
  RECONNECTING: "reconnecting",
  OFFLINE: "offline",
  POLLING: "polling",
  STOPPED: "stopped",
});

export class NotificationStream {
  #options;
  #state = Object.freeze({ items: [], unread: 0, connection: Connection.STOPPED, error: null });
  #listeners = new Set();
  #source = null;
  /** The highest id known, 0 for an empty list, null before the first word. */
  #newest = null;
  /** The same without what polling told since: a snapshot replaces that too. */
  #settled = null;
  /** From where on something may be missing below a snapshot, null where nothing is. */
  #gap = null;
  /** How often in a row the stream was lost, and how often it was refused. */
  #losses = 0;
  #refusals = 0;
  #timers = new Map();
  #life = null;
  #polling = null;

  /**
   * @param {object} [options]
   * @param {string} [options.stream] path of the event stream
   * @param {string} [options.poll] path of the polling fallback
   * @param {number} [options.retry] milliseconds before a refused stream is tried again, doubled each time
   * @param {number} [options.slowest] milliseconds beyond which that is not doubled
   * @param {number} [options.pollEvery] milliseconds between polls; so long a first word of the stream is awaited, too
   * @param {number} [options.silence] milliseconds without a word after which the line counts as dead; heartbeats come
   *   every 25 s, so that two of them may be lost
   */
  constructor({
    stream = "/api/stream/notifications",
    poll = "/api/notifications",
    retry = 5_000,
    slowest = 60_000,
    pollEvery = 10_000,
    silence = 62_500,
  } = {}) {
    this.#options = { stream, poll, retry, slowest, pollEvery, silence };
  }

  /** `{items, unread, connection, error}`; a new object after every change. */
  get state() {
    return this.#state;
  }

  /** Call `listener` after every change; returns how to end that. */
  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Begin, or begin again after a stop. */
  start() {
    this.stop();
    this.#life = new AbortController();
    const { signal } = this.#life;
    addEventListener("online", () => this.#online(), { signal });
    addEventListener("offline", () => this.#set({ connection: Connection.OFFLINE }), { signal });
    // A page in the back/forward cache must hold no connection; when it is shown again it starts anew.
    addEventListener("pagehide", () => this.#rest(), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.#open(), { signal });
    this.#set({ items: [], unread: 0, error: null });
    this.#newest = this.#settled = this.#gap = null;
    this.#losses = this.#refusals = 0;
    this.#open();
  }

  /** End everything: no connection, no timer, no listener of ours remains. */
  stop() {
    this.#rest();
    this.#life?.abort();
    this.#life = null;
    this.#set({ connection: Connection.STOPPED });
  }

  /** One was read, or with null all were; `unread` are left, as the answer to marking them tells. */
  marksRead(id, unread) {
    const items = this.#state.items.map((item) => (id === null || item.id === id ? { ...item, read: true } : item));
    this.#set({ items, unread });
  }

  #set(change) {
    if (Object.entries(change).every(([name, value]) => this.#state[name] === value)) return;
    this.#state = Object.freeze({ ...this.#state, ...change });
    for (const listener of this.#listeners) listener(this.#state);
  }

  #after(name, milliseconds, act) {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(act, milliseconds));
  }

  #rest() {
    this.#source?.close();
    this.#source = null;
    this.#stopPolling();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #open() {
    this.#source?.close();
    const source = new EventSource(this.#options.stream, { withCredentials: true });
    this.#source = source;
    if (this.#state.connection !== Connection.POLLING) this.#set({ connection: Connection.CONNECTING });
    this.#watch();
    if (!this.#polling) this.#after("poll", this.#options.pollEvery, () => this.#poll());
    source.addEventListener("snapshot", (event) => this.#snapshot(JSON.parse(event.data)));
    source.addEventListener("notification", (event) => this.#notification(JSON.parse(event.data)));
    source.addEventListener("ping", () => this.#watch());
    source.addEventListener("error", () => {
      if (source !== this.#source) return;
      if (source.readyState === EventSource.CLOSED) this.#refused();
      else this.#lost();
    });
  }

  /** A network that vanishes says no word of it, to a new connection neither: only silence tells. */
  #watch() {
    this.#after("silence", this.#options.silence, () => {
      this.#poll();
      this.#open();
    });
  }

  #snapshot({ unread, items }) {
    const known = this.#settled;
    const oldest = Math.min(...items.map((item) => item.id));
    this.#newest = this.#settled = Math.max(0, ...items.map((item) => item.id));
    this.#losses = this.#refusals = 0;
    this.#stopPolling();
    this.#set({ items: items.slice(0, KEEP), unread, connection: Connection.LIVE, error: null });
    this.#watch();
    // A snapshot is short: between what was settled and its oldest item there may be more.
    if (known !== null && items.length && oldest > known) this.#gap ??= known;
    if (this.#gap !== null) this.#fill();
  }

  async #fill() {
    const { signal } = this.#life;
    const status = await this.#read(this.#gap, signal);
    if (signal.aborted) return;
    if (status === 200) this.#gap = null;
    else this.#after("fill", this.#options.pollEvery, () => this.#fill());
  }

  #notification(item) {
    this.#watch();
    this.#add([item]);
    if (this.#newest === null || item.id > this.#newest) {
      this.#newest = this.#settled = item.id;
      this.#set({ unread: this.#state.unread + 1 });
    }
  }

  /** Newest first, each once: the same one may come by snapshot, by replay and by polling. */
  #add(items) {
    const known = new Set(this.#state.items.map((item) => item.id));
    const fresh = items.filter((item) => !known.has(item.id));
    if (!fresh.length) return;
    const merged = [...fresh, ...this.#state.items].sort((a, b) => b.id - a.id);
    this.#set({ items: merged.slice(0, KEEP) });
  }

  /** The browser comes back by itself; where that fails as well there may be no way for streams at all. */
  #lost() {
    this.#losses += 1;
    if (!navigator.onLine) this.#set({ connection: Connection.OFFLINE });
    else if (this.#state.connection !== Connection.POLLING) this.#set({ connection: Connection.RECONNECTING });
    if (this.#losses > 1 && !this.#polling) this.#poll();
  }

  /** The browser gave up, and does not say why: a request of our own does. */
  async #refused() {
    this.#source = null;
    clearTimeout(this.#timers.get("silence"));
    const life = this.#life;
    await this.#poll();
    if (life !== this.#life) return;
    const pause = Math.min(this.#options.retry * 2 ** this.#refusals, this.#options.slowest);
    this.#refusals += 1;
    // All clients of a server that comes back must not come back at once.
    this.#after("push", pause * (1 + Math.random() / 4), () => this.#open());
  }

  /** One look by polling, and the next one by and by, until a snapshot comes. */
  async #poll() {
    this.#stopPolling();
    const { signal } = (this.#polling = new AbortController());
    const status = await this.#read(this.#newest, signal);
    if (signal.aborted) return;
    if (status === 401) {
      this.stop();
      this.#set({ error: "auth" });
      return;
    }
    const down = navigator.onLine ? Connection.RECONNECTING : Connection.OFFLINE;
    this.#set({ connection: status === 200 ? Connection.POLLING : down });
    this.#after("poll", this.#options.pollEvery, () => this.#poll());
  }

  #stopPolling() {
    this.#polling?.abort();
    this.#polling = null;
    clearTimeout(this.#timers.get("poll"));
  }

  /** All that came after this id; the status of the last answer, 0 without one. */
  async #read(after, signal) {
    let cursor = after;
    for (let page = 0; page < PAGES; page += 1) {
      const query = cursor !== null ? `?after=${cursor}&limit=${PAGE}` : "";
      try {
        const limit = AbortSignal.timeout(this.#options.silence);
        const answer = await fetch(this.#options.poll + query, { signal: AbortSignal.any([signal, limit]) });
        if (answer.status === 400 && cursor !== null) {
          cursor = this.#newest = this.#settled = null; // the service does not know this cursor: it has begun anew
          continue;
        }
        if (!answer.ok) return answer.status;
        const { unread, items, next } = await answer.json();
        if (signal.aborted) return 0;
        this.#newest = Math.max(this.#newest ?? 0, ...items.map((item) => item.id));
        this.#settled ??= this.#newest;
        this.#add(items);
        this.#set({ unread });
        if (cursor === null || items.length < PAGE) return 200;
        cursor = next;
      } catch {
        return 0;
      }
    }
    return 200;
  }

  #online() {
    if (!this.#source) this.#open();
    else if (this.#source.readyState === EventSource.OPEN) this.#set({ connection: Connection.LIVE });
    else this.#set({ connection: Connection.RECONNECTING });
  }
}
