// One signal's chart, with uPlot: numbers as a line, bools as steps, missing stretches shaded.
// Dragging zooms all charts of the page, a double click goes back; on a touch screen one finger
// reads values and two zoom.

import { axisTimes, clock, el, shown } from "./text.js";

const uPlot = window.uPlot; // index.html loads it before the modules
const SYNC = uPlot.sync("islog");
const FONT = "11px ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

export class Chart {
  constructor(place, kind, range, name) {
    this.place = place;
    this.bools = kind === "bool";
    this.range = range;
    this.gaps = [];
    this.xs = [];
    this.ys = [];
    this.tip = el("div", "tip");
    this.tip.hidden = true;
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", `Chart of ${name}`);
    this.plot = new uPlot(this.options(), [[], []], place);
    this.plot.over.append(this.tip);
    this.touch();
    new ResizeObserver(() => this.fit()).observe(place);
  }

  size() {
    return { width: this.place.clientWidth, height: this.place.clientHeight };
  }

  fit() {
    const { width, height } = this.size();
    if (width && (width !== this.plot.width || height !== this.plot.height)) this.plot.setSize({ width, height });
  }

  options() {
    const style = (name) => getComputedStyle(this.place).getPropertyValue(name).trim();
    const axis = { stroke: () => style("--faint"), font: FONT, ticks: { show: false }, gap: 6 };
    const grid = { stroke: () => style("--grid"), width: 1 };
    const y = this.bools
      ? { ...axis, grid, size: 58, splits: () => [0, 1], values: () => ["false", "true"] }
      : { ...axis, grid, size: 58, space: 34, values: (u, ticks) => ticks.map((v) => (v == null ? "" : shown(v))) };
    return {
      ...this.size(),
      legend: { show: false },
      padding: [8, 8, 0, 0],
      cursor: {
        sync: { key: SYNC.key, setSeries: false },
        drag: { x: true, y: false, setScale: false, dist: 6 },
        bind: { dblclick: () => () => (this.range.reset(), null) },
        points: { size: 8, width: 2, fill: () => style("--surface"), stroke: () => style("--c") },
      },
      scales: {
        x: { time: true, range: () => this.range.span() },
        y: { range: this.bools ? [-0.12, 1.12] : (u, low, high) => roomy(low, high) },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 26, space: 74, values: (u, ticks, i, space, step) => axisTimes(ticks, step) },
        y,
      ],
      series: [
        {},
        {
          stroke: () => style("--c"),
          fill: (u) => this.fill(u, style("--c")),
          width: 1.5,
          paths: this.bools ? uPlot.paths.stepped({ align: 1 }) : undefined,
          points: { show: (u, i, from, to) => to - from < 40 && this.xs.length < 40, size: 5 },
        },
      ],
      hooks: {
        drawClear: [(u) => this.shade(u, style("--warn-soft"))],
        setSelect: [(u) => this.selected(u)],
        setCursor: [(u) => this.tell(u)],
      },
    };
  }

  fill(u, colour) {
    const { top, height } = u.bbox;
    const gradient = u.ctx.createLinearGradient(0, top, 0, top + height);
    gradient.addColorStop(0, colour + (this.bools ? "3d" : "2e"));
    gradient.addColorStop(1, colour + (this.bools ? "3d" : "00"));
    return gradient;
  }

  shade(u, colour) {
    u.ctx.save();
    u.ctx.fillStyle = colour;
    const { left, top, width, height } = u.bbox;
    for (const [from, to] of this.gaps) {
      const a = Math.max(left, u.valToPos(from, "x", true));
      const b = Math.min(left + width, u.valToPos(to, "x", true));
      if (b > a) u.ctx.fillRect(a, top, Math.max(b - a, 1), height);
    }
    u.ctx.restore();
  }

  selected(u) {
    const { left, width } = u.select;
    if (width < 6) return;
    const ends = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
    u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.range.zoomTo(...ends);
  }

  tell(u) {
    const i = u.cursor.idx;
    const value = i == null ? null : this.ys[i];
    this.tip.hidden = value == null || u.cursor.left < 0;
    if (this.tip.hidden) return;
    const [from, to] = this.range.span();
    const text = this.bools ? String(value >= 0.5) : shown(value);
    this.tip.replaceChildren(el("b", "", text), `  ${clock(this.xs[i], to - from)}`);
    const at = u.valToPos(this.xs[i], "x");
    const room = this.place.clientWidth - 70;
    this.tip.style.left = `${Math.max(0, Math.min(at + 10, room - this.tip.offsetWidth))}px`;
    if (at + 10 > room - this.tip.offsetWidth) this.tip.style.left = `${Math.max(0, at - this.tip.offsetWidth - 10)}px`;
  }

  set(readings, gaps) {
    this.gaps = gaps;
    this.xs = [];
    this.ys = [];
    const breaks = gaps.map(([from, to]) => (from + to) / 2);
    let next = 0;
    for (const { epoch, value } of readings) {
      while (next < breaks.length && breaks[next] < epoch) this.push(breaks[next++], null);
      if (typeof value !== "string") this.push(epoch, Number(value));
    }
    this.draw();
  }

  push(x, y) {
    this.xs.push(x);
    this.ys.push(y);
  }

  // One reading that just arrived; `usualS` tells where something is missing before it.
  add(epoch, value, usualS) {
    const last = this.xs.at(-1);
    if (last != null && usualS && epoch - last > Math.max(3 * usualS, 1)) {
      this.gaps.push([last, epoch]);
      this.push((last + epoch) / 2, null);
    }
    let at = this.xs.length;
    while (at > 0 && this.xs[at - 1] > epoch) at--;
    this.xs.splice(at, 0, epoch);
    this.ys.splice(at, 0, Number(value));
  }

  draw() {
    this.plot.setData([this.xs, this.ys], true);
  }

  extremes() {
    const [from, to] = this.range.span();
    let low = null, high = null;
    for (let i = 0; i < this.xs.length; i++) {
      const y = this.ys[i];
      if (y == null || this.xs[i] < from || this.xs[i] > to) continue;
      if (low == null || y < low) low = y;
      if (high == null || y > high) high = y;
    }
    return [low, high];
  }

  touch() {
    const over = this.plot.over;
    const x = (finger) => finger.clientX - over.getBoundingClientRect().left;
    let pinch = null;
    over.addEventListener("touchstart", (event) => {
      if (event.touches.length === 2) {
        const [a, b] = [...event.touches].map(x).sort((p, q) => p - q);
        pinch = { a: this.plot.posToVal(a, "x"), b: this.plot.posToVal(b, "x"), ends: null };
      } else if (event.touches.length === 1) {
        this.plot.setCursor({ left: x(event.touches[0]), top: 10 });
      }
    }, { passive: true });
    over.addEventListener("touchmove", (event) => {
      if (pinch && event.touches.length === 2) {
        event.preventDefault();
        const [a, b] = [...event.touches].map(x).sort((p, q) => p - q);
        const perPx = (pinch.b - pinch.a) / Math.max(b - a, 1);
        const from = pinch.a - a * perPx;
        pinch.ends = [from, from + perPx * over.clientWidth];
      } else if (event.touches.length === 1) {
        this.plot.setCursor({ left: x(event.touches[0]), top: 10 });
      }
    }, { passive: false });
    over.addEventListener("touchend", () => {
      if (pinch?.ends) this.range.zoomTo(...pinch.ends);
      pinch = null;
    });
  }
}

function roomy(low, high) {
  if (low == null) return [0, 1];
  const room = (high - low) * 0.12 || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
}
