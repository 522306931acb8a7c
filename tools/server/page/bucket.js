// A bucket: facts about it, the range in sight, and a card for each signal; live.

import { Card } from "./card.js";
import { Range } from "./range.js";
import * as server from "./server.js";
import { ago, clock, count, duration, el, number, visible } from "./text.js";

const RANGES = { hour: "Hour", day: "Day", all: "All" };
const OWN = "islog.";

export class BucketView {
  constructor(bucket, place) {
    this.bucket = bucket;
    this.cards = new Map();
    this.range = new Range(() => this.rangeChanged());
    this.facts = el("dl", "facts");
    this.bar = el("div", "bar");
    this.grid = el("div", "cards");
    this.own = el("div", "cards");
    this.ownTitle = el("h2", "own", "From islog itself");
    this.ownTitle.hidden = true;
    this.title = el("h1", "title", visible(bucket.name));
    place.replaceChildren(this.title, this.facts, this.bar, this.grid, this.ownTitle, this.own);
    this.drawBar();
  }

  async open() {
    await this.refresh();
    this.timers = [
      setInterval(() => this.tick(), 1000),
      setInterval(() => this.refresh().catch(() => {}), 5000),
    ];
  }

  close() {
    this.timers?.forEach(clearInterval);
    this.closed = true;
  }

  async refresh() {
    const signals = await server.signals(this.bucket.id);
    if (this.closed) return;
    this.signals = signals;
    this.range.first = Math.min(...signals.map((s) => s.first));
    this.range.last = Math.max(...signals.map((s) => s.last.epoch));
    if (!signals.length) this.range.first = this.range.last = null;
    for (const signal of signals) {
      const card = this.cards.get(signal.signal);
      if (card) {
        card.usualS = signal.every_s;
        card.latest(signal.last.epoch, signal.last.value);
      } else this.addCard(signal);
    }
    this.drawFacts();
  }

  addCard(signal) {
    const card = new Card(this.bucket.id, signal, this.cards.size, this.range, () => this.drawFacts());
    this.cards.set(signal.signal, card);
    const isOwn = signal.signal.startsWith(OWN);
    (isOwn ? this.own : this.grid).append(card.root);
    if (isOwn) this.ownTitle.hidden = false;
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
    this.cards.forEach((card) => card.changed());
  }

  rangeChanged() {
    this.drawBar();
    this.cards.forEach((card) => card.changed());
  }

  restyle() {
    this.cards.forEach((card) => card.chart?.draw());
  }

  tick() {
    this.cards.forEach((card) => {
      card.tick();
      if (this.range.live) card.advance();
    });
    this.drawFacts();
  }

  drawFacts() {
    if (!this.signals) return;
    const cards = [...this.cards.values()];
    const last = Math.max(...cards.map((card) => card.at));
    const facts = [];
    if (cards.length) facts.push(["Last reading", ago(last), clock(last)]);
    facts.push(["Rate", rate(this.signals)]);
    facts.push(["Readings", count(this.signals.reduce((sum, s) => sum + s.readings, 0))]);
    const gaps = union(cards.flatMap((card) => card.gaps));
    const longest = Math.max(0, ...gaps.map(([a, b]) => b - a));
    facts.push(["Gaps", gaps.length ? `${gaps.length}, up to ${duration(longest)}` : "none",
      gaps.map(([a, b]) => `${clock(a)} to ${clock(b)}`).slice(-20).join("\n"), gaps.length > 0]);
    const dropped = this.cards.get(OWN + "dropped")?.value;
    facts.push(["Dropped on the board", typeof dropped === "number" ? number(dropped) : "not reported",
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

  drawBar() {
    const choice = el("div", "choice", ...Object.entries(RANGES).map(([mode, text]) => {
      const button = el("button", "", text);
      button.type = "button";
      button.setAttribute("aria-pressed", String(this.range.live && this.range.mode === mode));
      button.onclick = () => this.range.show(mode);
      return button;
    }));
    this.bar.replaceChildren(choice);
    if (this.range.zoom) {
      const [from, to] = this.range.zoom;
      const zoomed = el("button", "zoomed", `${clock(from)} to ${clock(to)}  ✕`);
      zoomed.type = "button";
      zoomed.title = "Back to the range before";
      zoomed.onclick = () => this.range.reset();
      this.bar.append(zoomed);
    } else this.bar.append(el("span", "hint", "Drag over a chart to zoom"));
    this.bar.append(el("span", "exports", this.exportLink("csv", "CSV"), this.exportLink("jsonl", "JSON lines")));
  }

  exportLink(form, text) {
    const link = el("a", "", `Export ${text}`);
    const query = this.range.zoom ? "?" + new URLSearchParams({ from: this.range.zoom[0], to: this.range.zoom[1] }) : "";
    link.href = server.bucketPath(this.bucket.id, `export.${form}`) + query;
    return link;
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
