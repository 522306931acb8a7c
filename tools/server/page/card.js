// A card for one signal: its name, its latest value, its chart, and a table of its texts.
// What is not in sight is not fetched.

import { Chart } from "./chart.js";
import * as server from "./server.js";
import { ago, clock, count, duration, el, number, shown, visible } from "./text.js";

const MOST_TEXTS = 100;
const MOST_POINTS = 6000;

export class Card {
  constructor(bucketId, signal, place, range, settled) {
    this.bucketId = bucketId;
    this.name = signal.signal;
    this.kind = signal.kind;
    this.range = range;
    this.settled = settled;
    this.usualS = signal.every_s;
    this.gaps = [];
    this.texts = [];
    this.asked = 0;
    this.stale = true;
    this.seen = false;
    this.sampled = false;

    this.title = el("h3", "", visible(this.name));
    this.title.title = visible(this.name);
    this.since = el("span", "since");
    this.now = el("div", "now");
    this.range_ = el("span");
    this.amount = el("span");
    this.plot = el("div", "plot");
    this.table = el("div", "texts");
    this.body = el("div", "", this.plot, this.table);
    this.root = el("article", `card s${place % 6}`,
      el("header", "", el("div", "", this.title, this.since), this.now),
      this.body,
      el("footer", "", this.range_, this.amount));
    this.latest(signal.last.epoch, signal.last.value);
    this.arrange();
    new IntersectionObserver(([entry]) => {
      this.seen = entry.isIntersecting;
      if (this.seen && this.stale) this.load();
      else if (this.seen) this.chart?.draw();
    }, { rootMargin: "300px" }).observe(this.root);
  }

  arrange() {
    this.plot.hidden = this.kind === "string";
    this.table.hidden = this.kind === "number" || this.kind === "bool";
    if (!this.plot.hidden && !this.chart && this.root.isConnected)
      this.chart = new Chart(this.plot, this.kind, this.range, visible(this.name));
  }

  latest(epoch, value) {
    if (this.at != null && epoch < this.at) return;
    this.at = epoch;
    this.value = value;
    this.now.textContent = shown(value);
    this.now.title = typeof value === "string" ? visible(value) : String(value);
    this.now.classList.toggle("words", typeof value === "string");
    this.tick();
  }

  tick() {
    const late = this.usualS && Date.now() / 1000 - this.at > Math.max(5 * this.usualS, 30);
    this.since.textContent = ago(this.at) + (this.usualS ? ` · every ${duration(this.usualS)}` : "");
    this.since.classList.toggle("late", Boolean(late));
    this.since.title = clock(this.at);
  }

  // Redraw for a range that moves along with the time.
  advance() {
    if (!this.seen) return;
    this.chart?.draw();
    this.foot();
  }

  changed() {
    this.stale = true;
    if (this.seen) this.load();
  }

  async load() {
    this.stale = false;
    this.arrange();
    const mine = ++this.asked;
    const [from, to] = this.range.span();
    const most = Math.min(3000, Math.max(400, 2 * Math.round(this.root.clientWidth)));
    let found;
    try {
      // A little beyond the end: what is stamped while the answer is on its way belongs to it.
      found = await server.readings(this.bucketId, this.name, from, this.range.live ? to + 60 : to, most);
    } catch (error) {
      if (mine === this.asked) this.amount.textContent = `not loaded: ${error.message}`;
      this.stale = true;
      return;
    }
    if (mine !== this.asked) return;
    const shownReadings = this.withBefore(found, from);
    this.count = found.count;
    this.sampled = found.sampled;
    this.gaps = found.gaps;
    this.texts = found.readings.filter((r) => typeof r.value === "string").slice(-MOST_TEXTS).reverse();
    this.chart?.set(shownReadings, this.gaps.slice());
    this.tabulate();
    this.foot();
    this.settled();
  }

  // A line comes from the reading before the range; a bool holds on to the end of it.
  withBefore(found, from) {
    const before = found.before;
    if (!before || typeof before.value === "string") return found.readings;
    if (this.kind === "bool") return [{ epoch: from, value: before.value }, ...found.readings];
    const first = found.readings[0];
    const joins = first && this.usualS && first.epoch - before.epoch <= Math.max(3 * this.usualS, 1);
    return joins ? [before, ...found.readings] : found.readings;
  }

  add(reading) {
    this.latest(reading.epoch, reading.value);
    const kind = typeof reading.value === "string" ? "string" : typeof reading.value === "boolean" ? "bool" : "number";
    if (kind !== this.kind && this.kind !== "mixed") {
      this.kind = "mixed";
      this.arrange();
    }
    if (!this.range.live) return;
    if (this.count != null) this.count++;
    if (kind === "string") {
      this.texts.unshift(reading);
      this.texts.length = Math.min(this.texts.length, MOST_TEXTS);
      this.dirty = true;
    } else if (this.chart) {
      this.chart.add(reading.epoch, reading.value, this.kind === "number" ? this.usualS : null);
      this.gaps = this.chart.gaps;
      if (this.chart.xs.length > MOST_POINTS) this.changed();
    }
  }

  flush() {
    if (!this.seen) return;
    if (this.dirty) this.tabulate();
    this.chart?.draw();
    this.foot();
  }

  tabulate() {
    this.dirty = false;
    if (this.table.hidden) return;
    const rows = this.texts.map((r) => el("tr", "", el("td", "", clock(r.epoch)), el("td", "", shown(r.value))));
    this.table.replaceChildren(rows.length
      ? el("table", "", el("tbody", "", ...rows))
      : el("div", "nothing", "Nothing in this range."));
  }

  foot() {
    const [low, high] = this.kind === "bool" ? [null, null] : this.chart?.extremes() ?? [null, null];
    this.range_.textContent = low == null ? "" : low === high ? number(low) : `${number(low)} to ${number(high)}`;
    const what = this.count === 1 ? "reading" : "readings";
    this.amount.textContent = this.count == null ? "" : `${count(this.count)} ${what}`;
    this.amount.title = this.sampled ? "More than fit: of each stretch, the lowest and the highest are drawn." : "";
  }
}
