// A bucket: facts about it, the range in sight, and a card for each signal; live.

import { Card } from "./card.js";
import { Range } from "./range.js";
import * as server from "./server.js";
import { ago, clock, count, duration, el, number, put, visible } from "./text.js";

const RANGES = { hour: "Hour", day: "Day", all: "All" };
const EXPORTS = { csv: "CSV", jsonl: "JSON lines" };
const HINT = "Drag over a chart to zoom. Keys: ← → read, + − zoom, Shift ← → move, Esc back.";
const PAPER_PX = 318; // of a chart on paper, see cards.css
const OWN = "islog.";

export class BucketView {
  // chosen: called with the range that somebody chose, see range.js.
  constructor(bucket, place, signals, chosen) {
    this.bucket = bucket;
    this.signals = signals;
    this.cards = new Map();
    this.range = new Range(chosen, () => this.rangeChanged());
    this.facts = el("dl", "facts");
    this.grid = el("div", "cards");
    this.own = el("div", "cards");
    this.ownTitle = el("h2", "own", "From islog itself");
    this.ownTitle.hidden = true;
    this.title = el("h1", "title", visible(bucket.name));
    place.replaceChildren(this.title, this.facts, this.makeBar(), el("h2", "unseen", "Signals"), this.grid, this.ownTitle, this.own);
  }

  open() {
    this.take(this.signals);
    this.timers = [
      setInterval(() => this.tick(), 1000),
      setInterval(() => this.refresh().catch(() => {}), 5000),
    ];
  }

  close() {
    this.timers?.forEach(clearInterval);
    this.closed = true;
    this.cards.forEach((card) => card.close());
  }

  async refresh() {
    const signals = await server.signals(this.bucket.id);
    if (!this.closed) this.take(signals);
  }

  take(signals) {
    this.signals = signals.toSorted((a, b) => a.signal.localeCompare(b.signal, undefined, { numeric: true }));
    this.range.first = signals.length ? Math.min(...signals.map((s) => s.first)) : null;
    this.range.last = signals.length ? Math.max(...signals.map((s) => s.last.epoch)) : null;
    for (const signal of this.signals) {
      if (!this.cards.has(signal.signal)) this.addCard(signal);
      this.cards.get(signal.signal).known(signal);
    }
    this.tick();
  }

  addCard(signal) {
    const card = new Card(this.bucket.id, signal, this.cards.size, this.range, () => this.drawFacts());
    this.cards.set(signal.signal, card);
    const isOwn = signal.signal.startsWith(OWN);
    (isOwn ? this.own : this.grid).append(card.root);
    if (isOwn) this.ownTitle.hidden = false;
    card.load();
  }

  arrived(readings) {
    const touched = new Set();
    for (const reading of readings) {
      const card = this.cards.get(reading.signal);
      if (!card) {
        this.refresh().catch(() => {});
        continue;
      }
      card.add(reading);
      touched.add(card);
      if (this.range.last != null) this.range.last = Math.max(this.range.last, reading.epoch);
    }
    touched.forEach((card) => card.flush());
    this.drawFacts();
  }

  again() {
    this.refresh().catch(() => {});
    this.cards.forEach((card) => card.load());
  }

  rangeChanged() {
    this.drawBar();
    this.cards.forEach((card) => card.load());
  }

  restyle() {
    this.cards.forEach((card) => card.chart?.draw());
  }

  printed(onPaper) {
    this.cards.forEach((card) => card.chart?.fit(onPaper ? PAPER_PX : null));
  }

  tick() {
    this.cards.forEach((card) => card.tick());
    this.drawFacts();
    this.drawBar();
  }

  drawFacts() {
    const cards = [...this.cards.values()];
    const last = Math.max(...cards.map((card) => card.at));
    const facts = [];
    if (cards.length) facts.push(["Last reading", ago(last), clock(last)]);
    facts.push(["Rate", rate(this.signals)]);
    facts.push(["Readings", count(this.signals.reduce((sum, s) => sum + s.readings, 0))]);
    const now = Date.now() / 1000;
    const gaps = union(cards.flatMap((card) => card.gaps.map(([a, b]) => [a, b ?? now])));
    const longest = Math.max(0, ...gaps.map(([a, b]) => b - a));
    facts.push(["Gaps", gaps.length ? `${gaps.length}, up to ${duration(longest)}` : "none",
      gaps.map(([a, b]) => `${clock(a)} to ${clock(b)}`).slice(-20).join("\n"), gaps.length > 0]);
    const dropped = this.cards.get(OWN + "dropped")?.value;
    facts.push(["Dropped on the board", typeof dropped === "number" ? number(dropped) : "none",
      "the latest value of islog.dropped", dropped > 0]);
    const text = JSON.stringify(facts);
    if (text === this.drawn) return;
    this.drawn = text;
    this.facts.replaceChildren(...facts.map(([name, value, hint, bad]) => {
      const fact = el("div", bad ? "bad" : "", el("dt", "", name), el("dd", "", value));
      fact.title = hint || "";
      return fact;
    }));
  }

  makeBar() {
    const button = (className, text, press) => {
      const made = el("button", className, text);
      made.type = "button";
      made.onclick = press;
      return made;
    };
    this.modes = Object.entries(RANGES).map(([mode, text]) => [mode, button("", text, () => this.range.show(mode))]);
    this.zoomed = button("zoomed", "", () => {
      this.range.reset();
      this.modes.find(([mode]) => mode === this.range.mode)[1].focus();
    });
    this.zoomed.title = "Back to the range before";
    this.exports = Object.entries(EXPORTS).map(([form, text]) => [form, el("a", "", `Export ${text}`)]);
    const choice = el("div", "choice", ...this.modes.map(([, made]) => made));
    choice.role = "group";
    choice.ariaLabel = "Range";
    const hint = el("span", "hint", HINT);
    hint.id = "keys";
    const bar = el("div", "bar", choice, this.zoomed, hint, el("span", "exports", ...this.exports.map(([, made]) => made)));
    this.drawBar();
    return bar;
  }

  drawBar() {
    for (const [mode, button] of this.modes)
      button.setAttribute("aria-pressed", String(this.range.live && this.range.mode === mode));
    this.zoomed.hidden = this.range.live;
    const [from, to] = this.range.span();
    if (!this.range.live) put(this.zoomed, `${clock(from)} to ${clock(to)}  ✕`);
    for (const [form, link] of this.exports)
      link.href = `${server.bucketPath(this.bucket.id, `export.${form}`)}?${new URLSearchParams({ from, to })}`;
  }
}

function rate(signals) {
  const now = Date.now() / 1000;
  const first = Math.min(...signals.map((s) => s.first));
  const perS = signals.reduce((sum, s) => sum + s.rate, 0) / Math.max(1, Math.min(60, now - first));
  if (perS >= 0.95) return `${perS < 20 ? +perS.toFixed(1) : count(perS)} per s`;
  const perMin = Math.round(perS * 60);
  return perMin ? `${perMin} per min` : "none in the last minute";
}

function union(gaps) {
  const merged = [];
  for (const [from, to] of gaps.slice().sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}
