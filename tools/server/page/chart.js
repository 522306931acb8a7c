// One signal's chart, with uPlot: numbers as a line, bools as steps, missing stretches shaded.
// Dragging zooms all charts of the page, a double click goes back; on a touch screen one finger
// reads values and two zoom. For the keyboard and for who listens it is a slider over its readings.

import { axisNumbers, axisTimes, clock, duration, el, shown } from "./text.js";

const uPlot = window.uPlot; // index.html loads it before the modules
const SYNC = uPlot.sync("islog");
const FONT = "11px ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

export class Chart {
  constructor(place, kind, range, name) {
    this.place = place;
    this.bools = kind === "bool";
    this.range = range;
    this.gaps = []; // the card's own list
    this.chosen = null; // time of the reading that the keyboard is at; null: the newest
    this.xs = [];
    this.ys = [];
    this.tip = el("div", "tip");
    this.tip.hidden = true;
    place.tabIndex = 0;
    place.role = "slider";
    place.ariaLabel = `Chart of ${name}`;
    place.setAttribute("aria-describedby", "keys");
    this.announce();
    this.plot = new uPlot(this.options(), [[], []], place);
    this.plot.over.append(this.tip);
    this.touch();
    place.addEventListener("keydown", (event) => this.key(event));
    place.addEventListener("focus", () => place.matches(":focus-visible") && this.point());
    place.addEventListener("blur", () => this.plot.setCursor({ left: -10, top: -10 }));
    new ResizeObserver(() => this.fit()).observe(place);
  }

  size() {
    return { width: this.place.clientWidth, height: this.place.clientHeight };
  }

  // paperPx: its width on paper.
  fit(paperPx = null) {
    const { width, height } = { ...this.size(), ...(paperPx ? { width: paperPx } : {}) };
    if (width && (width !== this.plot.width || height !== this.plot.height)) this.plot.setSize({ width, height });
  }

  options() {
    const style = (name) => getComputedStyle(this.place).getPropertyValue(name).trim();
    const axis = { stroke: () => style("--muted"), font: FONT, ticks: { show: false }, gap: 6 };
    const grid = { stroke: () => style("--grid"), width: 1 };
    const y = this.bools
      ? { ...axis, grid, size: 58, splits: () => [0, 1], values: () => ["false", "true"] }
      : { ...axis, grid, size: room, incrs: steps, splits: (...of) => (this.drawn ? splits(...of) : []),
        values: (u, ticks, i, space, step) => axisNumbers(ticks, step) };
    return {
      ...this.size(),
      legend: { show: false },
      padding: [8, 24, 0, 0], // room for half of a label
      cursor: {
        sync: { key: SYNC.key, setSeries: false },
        drag: { x: true, y: false, setScale: false, dist: 6 },
        bind: { dblclick: () => () => (this.range.reset(), null) },
        points: { size: 8, width: 2, fill: () => style("--surface"), stroke: () => style("--c") },
      },
      scales: {
        x: { time: true, range: () => this.range.span() },
        y: { range: () => (this.bools ? [-0.12, 1.12] : roomy(...this.extremes(true))) },
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
          fillTo: (u) => ground(u.scales.y),
          width: 1.5,
          paths: this.bools ? uPlot.paths.stepped({ align: 1 }) : undefined,
          points: { show: (u, i, from, to) => to - from < 40 && this.xs.length < 40, size: 5 },
        },
      ],
      hooks: {
        drawClear: [(u) => this.shade(u, style("--warn"))],
        setSelect: [(u) => this.selected(u)],
        setCursor: [(u) => this.tell(u)],
      },
    };
  }

  // Fainter towards what is filled to.
  fill(u, colour) {
    if (!colour.startsWith("#")) return "transparent"; // a colour of the system's: forced colours
    const { min, max } = u.scales.y, { top, height } = u.bbox;
    const soft = (alpha) => colour + (this.bools ? "3d" : alpha);
    const gradient = u.ctx.createLinearGradient(0, top, 0, top + height);
    gradient.addColorStop(0, soft("2e"));
    gradient.addColorStop(Math.min(1, Math.max(0, (max - ground({ min, max })) / (max - min))), soft("00"));
    if (min < 0 && max > 0) gradient.addColorStop(1, soft("2e"));
    return gradient;
  }

  shade(u, colour) {
    u.ctx.save();
    u.ctx.fillStyle = colour;
    u.ctx.globalAlpha = colour.startsWith("#") ? 0.15 : 0.35; // a colour of the system's is darker or lighter
    const { left, top, width, height } = u.bbox;
    for (const [from, to] of this.gaps.map(([a, b]) => [a, b ?? Date.now() / 1000])) {
      const a = Math.max(left, u.valToPos(from, "x", true));
      // Steps begin half a line's width later: no sliver between them and the gap.
      const b = Math.min(left + width, u.valToPos(to, "x", true) + devicePixelRatio);
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
    const breaks = gaps.filter(([, to]) => to != null).map(([from, to]) => (from + to) / 2);
    let next = 0;
    for (const { epoch, value } of readings) {
      while (next < breaks.length && breaks[next] < epoch) this.push(breaks[next++], null);
      if (typeof value !== "string") this.push(epoch, drawable(value));
    }
    this.draw();
  }

  push(x, y) {
    this.xs.push(x);
    this.ys.push(y);
  }

  // One reading that just arrived.
  add(epoch, value) {
    let at = this.xs.length;
    while (at > 0 && this.xs[at - 1] > epoch) at--;
    this.xs.splice(at, 0, epoch);
    this.ys.splice(at, 0, drawable(value));
  }

  draw() {
    const [from, to] = this.range.span();
    // Some of a line is in sight, be it only of one that comes from one side and goes to the other.
    this.drawn = this.ys.some((y, i) => y != null && this.xs[i] <= to &&
      (this.xs[i] >= from || (this.ys[i + 1] != null && this.xs[i + 1] >= from)));
    this.plot.setData([this.xs, this.ys], true);
    if (this.place.matches(":focus-visible")) this.point();
  }

  // [lowest, highest] of what is in sight; beside: and of what the line comes from and goes to.
  extremes(beside = false) {
    const [from, to] = this.range.span();
    let low = null, high = null;
    for (let i = 0; i < this.xs.length; i++) {
      const y = this.ys[i];
      const seen = beside ? !(this.xs[i + 1] < from || this.xs[i - 1] > to) : this.xs[i] >= from && this.xs[i] <= to;
      if (y == null || !seen) continue;
      if (low == null || y < low) low = y;
      if (high == null || y > high) high = y;
    }
    return [low, high];
  }

  // The places of the readings in sight.
  readings() {
    const [from, to] = this.range.span();
    return [...this.xs.keys()].filter((i) => this.ys[i] != null && this.xs[i] >= from && this.xs[i] <= to);
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const [from, to] = this.range.span();
    const zoom = (by) => {
      const at = this.chosen >= from && this.chosen <= to ? this.chosen : (from + to) / 2;
      this.range.zoomTo(at - (at - from) * by, Math.min(at + (to - at) * by, this.range.end));
    };
    const along = (places) => (event.shiftKey ? this.range.move((to - from) * Math.sign(places) / 4) : this.step(places));
    const act = {
      ArrowLeft: () => along(-1), ArrowRight: () => along(1), Home: () => this.step(-Infinity), End: () => this.step(Infinity),
      PageUp: () => this.step(-10), PageDown: () => this.step(10),
      "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), Escape: () => this.range.reset(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  // Where among them the keyboard is: at the newest one where nothing else was chosen in sight.
  at(found) {
    const at = found.findLastIndex((i) => this.chosen != null && this.xs[i] <= this.chosen);
    return at < 0 || this.chosen > this.range.span()[1] ? found.length - 1 : at;
  }

  step(places) {
    const found = this.readings();
    const next = found[Math.max(0, Math.min(found.length - 1, this.at(found) + places))];
    if (next != null) this.chosen = this.xs[next];
    this.point();
  }

  // Show and tell the reading that the keyboard is at.
  point() {
    const found = this.readings(), at = this.at(found);
    this.announce(found, at);
    if (at < 0) this.plot.setCursor({ left: -10, top: -10 });
    else this.plot.setCursor({ left: this.plot.valToPos(this.xs[found[at]], "x"), top: 10 });
  }

  announce(found = [], at = -1) {
    const say = (name, text) => this.place.getAttribute(name) === String(text) || this.place.setAttribute(name, text);
    say("aria-valuemin", found.length ? 1 : 0);
    say("aria-valuemax", found.length);
    say("aria-valuenow", at + 1);
    if (at < 0) return say("aria-valuetext", found.length ? "no reading chosen" : "no readings here");
    const x = this.xs[found[at]], y = this.ys[found[at]];
    const gap = this.gaps.find(([, to]) => to === x);
    const text = `${this.bools ? y >= 0.5 : shown(y)}, ${clock(x)}`;
    say("aria-valuetext", gap ? `${text}, after a gap of ${duration(gap[1] - gap[0])}` : text);
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

const FARTHEST = 1e300; // sums of what is drawn stay finite

function drawable(value) {
  return Math.max(-FARTHEST, Math.min(FARTHEST, Number(value)));
}

// What a line is filled to: zero where that is in sight, else the bottom.
function ground({ min, max }) {
  return min < 0 && max > 0 ? 0 : min;
}

function roomy(low, high) {
  if (low == null) return [0, 1];
  const room = (high - low) * 0.12 || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
}

// The marks of an axis of numbers, however large or small (uPlot's own have an end).
function steps(u, axis, min, max) {
  const size = Math.floor(Math.log10(max - min));
  return [-2, -1, 0, 1].flatMap((by) => [1, 2, 5].map((n) => Number(`${n}e${size + by}`)));
}

function splits(u, axis, min, max, step) {
  const first = Math.ceil(min / step), last = Math.floor(max / step);
  return Array.from({ length: Math.min(50, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(15)));
}

function room(u, labels) {
  u.ctx.font = u.axes[1].font[0] ?? FONT;
  const widest = Math.max(0, ...(labels ?? []).map((text) => u.ctx.measureText(text).width));
  return Math.max(58, Math.ceil(widest / devicePixelRatio) + 12);
}
