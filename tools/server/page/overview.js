// All boards at a glance: a row for each, those that need attention first. Times are those of
// arrival, by the server's clock. The rows keep their order while a pointer or the focus is on them.

import { get } from "./server.js";
import { ago, arrange, clock, count, duration, el, number, put, visible } from "./text.js";

const EVERY_MS = 10_000;
const STATES = { silent: "silent", late: "late", empty: "no readings yet", online: "online" };
const TRACES = { strength: "Signal strength", battery: "Battery", heap: "Free heap" };
const COLUMNS = ["Board", "Status", "Last seen", "Readings a minute", "Dropped", ...Object.values(TRACES)];
const WIDTH = 60, HEIGHT = 18, YEAR_S = 31557600;

export class Overview {
  constructor(place, buckets) {
    this.rows = new Map();
    this.known = new Set(buckets.map((b) => b.id));
    this.back = () => document.hidden || this.again();
    this.skew = 0; // what this machine's clock is ahead of the server's, s
    this.tally = el("p", "tally");
    this.tally.setAttribute("role", "status");
    this.heads = COLUMNS.map((text) => part("th", "columnheader", text));
    this.heads.forEach((head) => { head.scope = "col"; });
    this.body = part("tbody", "rowgroup");
    this.table = part("table", "table",
      el("caption", "", "What needs attention comes first. A small chart shows a day at most."),
      part("thead", "rowgroup", part("tr", "row", ...this.heads)), this.body);
    this.table.className = "boards";
    this.table.hidden = true;
    place.replaceChildren(el("section", "overview", el("h1", "title", "Boards"), this.tally, this.table));
  }

  async open() {
    this.timers = [
      setInterval(() => this.tick(), 1000),
      setInterval(() => this.back(), EVERY_MS),
    ];
    document.addEventListener("visibilitychange", this.back);
    await this.load();
  }

  close() {
    this.timers?.forEach(clearInterval);
    document.removeEventListener("visibilitychange", this.back);
    this.closed = true;
  }

  again() {
    this.load().catch(() => {}); // the page's head says that the server is away; what was shown stays
  }

  // However often it is asked for, one call is under way at a time.
  load() {
    this.loading ??= this.fetch().finally(() => { this.loading = null; });
    return this.loading;
  }

  async fetch() {
    const { now, boards } = await get("/api/overview");
    if (this.closed) return;
    this.skew = Date.now() / 1000 - now;
    const used = Object.keys(TRACES).filter((name) => boards.some((board) => board[name]));
    for (const board of boards) {
      let row = this.rows.get(board.id);
      if (!row) this.rows.set(board.id, (row = new Row(board)));
      row.set(board);
    }
    this.known = new Set(this.rows.keys());
    for (const name of Object.keys(TRACES)) this.table.classList.toggle(`no-${name}`, !used.includes(name));
    this.arrange(boards.map((board) => this.rows.get(board.id).root));
    this.table.hidden = false;
    this.draw();
  }

  arrange(order) {
    const held = this.body.matches(":hover") || this.body.contains(document.activeElement);
    if (held) order = [...this.body.children, ...order.filter((root) => !root.isConnected)];
    arrange(this.body, order);
  }

  arrived(readings) {
    const at = Date.now() / 1000 - this.skew;
    let unknown = false;
    for (const { bucket } of readings) {
      const row = this.rows.get(bucket);
      if (row) row.arrived(at);
      else unknown = true;
    }
    if (unknown) this.again();
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  refreshed(buckets) {
    if (buckets.some((b) => !this.known.has(b.id))) this.again();
  }

  restyle() {} // all colours are the style sheet's

  tick() {
    if (!document.hidden) this.draw();
  }

  draw() {
    const tally = Object.fromEntries(Object.keys(STATES).map((state) => [state, 0]));
    for (const row of this.rows.values()) {
      row.draw(this.skew);
      tally[row.board.state]++;
    }
    const parts = Object.keys(STATES).filter((state) => tally[state])
      .map((state) => `${count(tally[state])} ${state === "empty" ? "without readings yet" : STATES[state]}`);
    const boards = this.rows.size === 1 ? "1 board" : `${count(this.rows.size)} boards`;
    put(this.tally, this.rows.size ? `${boards}: ${parts.join(", ")}` : "");
  }
}

class Row {
  constructor({ id }) {
    this.link = el("a");
    this.link.href = "#b=" + encodeURIComponent(id);
    this.name = part("th", "rowheader", this.link);
    this.name.scope = "row";
    this.word = el("b");
    this.note = el("span", "note");
    this.status = part("td", "cell", this.word, this.note);
    this.status.className = "status";
    [this.seen, this.rate, this.dropped] = COLUMNS.slice(2, 5).map((label) => labelled(label));
    this.traces = Object.entries(TRACES).map(([name, label]) => [name, new Trace(name, label)]);
    this.root = part("tr", "row", this.name, this.status, this.seen, this.rate, this.dropped,
      ...this.traces.map(([, trace]) => trace.root));
  }

  set(board) {
    this.board = board;
    put(this.link, visible(board.name, 200));
    this.link.title = visible(board.name);
    this.traces.forEach(([name, trace]) => trace.set(board[name]));
  }

  arrived(at) {
    this.board.received = at;
    this.board.state = "online";
  }

  draw(skew) {
    const { state, received, every_s, per_minute, dropped, dropped_lately, clock_s } = this.board;
    if (this.root.className !== state) this.root.className = state;
    put(this.word, STATES[state]);
    const notes = [];
    if (dropped_lately > 0) notes.push(`lost ${number(dropped_lately)} lately`);
    if (clock_s != null) notes.push(`clock is ${long(Math.abs(clock_s))} ${clock_s > 0 ? "ahead" : "behind"}`);
    put(this.note, notes.join(", "));
    put(this.seen, received == null ? "never" : ago(Math.min(received + skew, Date.now() / 1000)));
    this.seen.title = received == null ? "" : clock(received + skew) + (every_s ? `, every ${duration(every_s)}` : "");
    put(this.rate, state === "silent" || state === "empty" ? "0" : per_minute == null ? "not known yet"
      : number(per_minute < 10 ? +per_minute.toFixed(1) : Math.round(per_minute)));
    put(this.dropped, dropped == null ? "none" : number(dropped));
    this.dropped.classList.toggle("bad", dropped_lately > 0);
    this.rate.classList.toggle("unknown", this.rate.textContent === "not known yet");
    this.dropped.classList.toggle("unknown", dropped == null);
  }
}

// A value, and how it came to be as a line; a stretch without readings is a gap in it.
class Trace {
  constructor(name, label) {
    this.value = el("span");
    this.path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute("aria-hidden", "true");
    svg.append(this.path);
    this.root = labelled(label, svg, this.value);
    this.root.classList.add("trace", name);
  }

  set(trace) {
    this.root.classList.toggle("none", !trace);
    this.root.title = trace ? visible(trace.signal) : "";
    put(this.value, trace ? number(trace.value) : "");
    const line = trace ? lineOf(trace.points) : "";
    if (line !== this.line) this.path.setAttribute("d", (this.line = line));
  }
}

function lineOf(points) {
  const known = points.filter((y) => y != null);
  const low = Math.min(...known), span = Math.max(...known) - low;
  let line = "", pen = false;
  points.forEach((y, i) => {
    if (y != null) {
      const x = 2 + (i * (WIDTH - 4)) / (points.length - 1);
      const up = span ? (y / span - low / span) * (HEIGHT - 4) : (HEIGHT - 4) / 2;
      const at = `${x.toFixed(1)} ${(HEIGHT - 2 - up).toFixed(1)}`;
      line += pen ? `L${at}` : `M${at}h.01`; // a point alone is a dot
    }
    pen = y != null;
  });
  return line;
}

const long = (s) => (s < 2 * YEAR_S ? duration(s) : `${Math.round(s / YEAR_S)} years`);

// Roles are spelled out, for on a phone the table is not laid out as one.
function part(tag, role, ...children) {
  const made = el(tag, "", ...children);
  made.setAttribute("role", role);
  return made;
}

function labelled(label, ...children) {
  const made = part("td", "cell", ...children);
  made.dataset.label = label;
  return made;
}
