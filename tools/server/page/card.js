// A card for one signal: its name, its latest value, its chart, and a table of its texts. All of
// it is loaded, in sight or not: a page is printed whole, and gaps are counted in all signals.
// Only what is in sight is redrawn as time goes by.

import { Chart } from "./chart.js";
import * as server from "./server.js";
import { ago, clock, count, duration, el, number, put, shown, visible } from "./text.js";

const MOST_TEXTS = 100;
const MOST_POINTS = 6000;

export class Card {
  constructor(bucketId, signal, place, range, settled) {
    this.bucketId = bucketId;
    this.name = signal.signal;
    this.kind = signal.kind;
    this.range = range;
    this.settled = settled;
    this.gaps = []; // [from, to], to: null until now
    this.texts = [];
    this.stale = false; // what is shown may not be all there is: load it anew
    this.seen = true;

    this.title = el("h3", "", visible(this.name));
    this.title.title = visible(this.name);
    this.since = el("span", "since");
    this.now = el("div", "now");
    this.range_ = el("span");
    this.amount = el("span");
    this.plot = el("div", "plot");
    this.nothing = el("div", "nothing");
    this.table = el("div", "texts");
    this.table.tabIndex = 0;
    this.table.role = "region";
    this.table.ariaLabel = `Texts of ${visible(this.name)}`;
    this.root = el("article", `card s${place % 6}`,
      el("header", "", el("div", "", this.title, this.since), this.now),
      el("div", "stage", this.plot, this.table, this.nothing),
      el("footer", "", this.range_, this.amount));
    this.root.tabIndex = -1;
    this.sight = new IntersectionObserver(([entry]) => {
      this.seen = entry.isIntersecting;
      if (this.seen) this.chart?.draw();
    }, { rootMargin: "300px" });
    this.sight.observe(this.root);
  }

  close() {
    this.sight.disconnect();
    this.asking?.abort();
  }

  arrange() {
    this.plot.hidden = this.kind === "string";
    this.table.hidden = this.kind === "number" || this.kind === "bool";
    if (!this.plot.hidden) this.chart ??= new Chart(this.plot, this.kind, this.range, visible(this.name));
  }

  // What the server says of the signal.
  known({ every_s: usualS, silent_after_s: silentAfterS, last }) {
    this.usualS = usualS;
    this.silentAfterS = silentAfterS;
    this.latest(last.epoch, last.value);
  }

  latest(epoch, value) {
    if (this.at != null && epoch < this.at) return;
    this.at = epoch;
    this.value = value;
    put(this.now, shown(value));
    this.now.title = typeof value === "string" ? visible(value) : String(value);
    this.now.classList.toggle("words", typeof value === "string");
  }

  tick() {
    const silent = this.silentAfterS != null && Date.now() / 1000 - this.at > this.silentAfterS;
    put(this.since, ago(this.at) + (silent ? ", silent" : "") + (this.usualS ? ` · every ${duration(this.usualS)}` : ""));
    this.since.classList.toggle("late", silent);
    this.since.title = clock(this.at);
    // From the reading on that was the last one, until the next one arrives.
    if (silent && this.range.span()[1] > this.at && this.gaps.at(-1)?.[1] !== null) this.gaps.push([this.at, null]);
    if (this.stale) this.load();
    else if (this.seen && (this.range.live || this.gaps.at(-1)?.[1] === null)) this.flush();
    this.sayNothing();
  }

  async load() {
    this.stale = false;
    this.arrange();
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const [from, to] = this.range.span();
    let found;
    try {
      // A little beyond the end: what is stamped while the answer is on its way belongs to it.
      found = await server.readings(this.bucketId, {
        signal: this.name, from, to: this.range.live ? to + 60 : to,
        max: Math.min(3000, Math.max(400, 2 * Math.round(this.root.clientWidth))),
      }, asking.signal);
    } catch (error) {
      if (!asking.signal.aborted) put(this.amount, `not loaded: ${error.message}`);
      return;
    }
    if (asking.signal.aborted) return;
    this.count = found.count;
    this.sampled = found.sampled;
    this.gaps = found.gaps;
    this.beside = found.before ?? { epoch: found.first };
    this.texts = found.readings.filter((r) => typeof r.value === "string").slice(-MOST_TEXTS).reverse();
    this.chart?.set(this.joined(found, from, to), this.gaps);
    this.tabulate();
    this.foot();
    this.sayNothing();
    this.settled();
  }

  // A line comes from the reading before the range and goes on to the one after it, and a bool
  // holds from where the range begins; but not across a gap.
  joined({ before, readings, after, gaps }, from, to) {
    const within = (at) => gaps.some(([a, b]) => a <= at && (b ?? Infinity) >= at);
    const drawn = [...readings];
    if (before && typeof before.value !== "string" && !within(from))
      drawn.unshift(this.kind === "bool" ? { epoch: from, value: before.value } : before);
    if (after && typeof after.value !== "string" && !within(to)) drawn.push(after);
    return drawn;
  }

  add(reading) {
    const { epoch, value } = reading;
    const before = this.at;
    this.latest(epoch, value);
    const kind = typeof value === "string" ? "string" : typeof value === "boolean" ? "bool" : "number";
    if (kind !== this.kind && this.kind !== "mixed") {
      this.kind = "mixed";
      this.arrange();
    }
    const [from, to] = this.range.span();
    if (!this.range.live) {
      this.stale ||= (epoch >= from && epoch <= to) || this.gaps.at(-1)?.[1] === null;
      return;
    }
    // What is late fills a gap, what follows a pause may have left one: the server tells.
    this.stale ||= epoch < before || (this.usualS && epoch - before > 2 * this.usualS)
      || this.gaps.at(-1)?.[1] === null || this.chart?.xs.length > MOST_POINTS;
    if (this.count != null) this.count++;
    if (kind === "string") {
      this.texts.unshift(reading);
      this.texts.length = Math.min(this.texts.length, MOST_TEXTS);
      this.dirty = true;
    } else this.chart?.add(epoch, value);
  }

  flush() {
    if (!this.seen) return;
    if (this.dirty) this.tabulate();
    this.chart?.draw();
    this.foot();
  }

  tabulate() {
    this.dirty = false;
    const rows = this.texts.map((r) => el("tr", "", el("td", "", clock(r.epoch)), el("td", "", shown(r.value))));
    this.table.replaceChildren(el("table", "", el("tbody", "", ...rows)));
  }

  // In place of an empty chart or table: what there is elsewhere, and the way there.
  sayNothing() {
    const empty = this.count === 0 && !this.chart?.drawn;
    this.root.classList.toggle("empty", empty);
    if (!empty) return this.nothing.replaceChildren();
    const { epoch } = this.beside;
    const what = epoch === this.at ? `last reading ${ago(epoch)}`
      : epoch < this.range.span()[0] ? `the reading before is of ${clock(epoch)}`
      : `the first reading is of ${clock(epoch)}`;
    if (!this.nothing.firstChild) {
      const show = el("button", "", "Show it");
      show.type = "button";
      show.setAttribute("aria-label", `Show it: ${visible(this.name)}`);
      show.onclick = () => {
        this.range.moveTo(this.beside.epoch);
        (this.plot.hidden ? this.root : this.plot).focus();
      };
      this.nothing.append(el("span"), show);
    }
    put(this.nothing.firstChild, `Nothing here: ${what}`);
  }

  foot() {
    const [low, high] = this.kind === "bool" ? [null, null] : this.chart?.extremes() ?? [null, null];
    put(this.range_, low == null ? "" : low === high ? number(low) : `${number(low)} to ${number(high)}`);
    const what = this.count === 1 ? "reading" : "readings";
    put(this.amount, this.count == null ? "" : `${count(this.count)} ${what}`);
    this.amount.title = this.sampled ? "More than fit: of each stretch, the lowest and the highest are drawn." : "";
  }
}
