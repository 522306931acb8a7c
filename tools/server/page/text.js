// Values, times and numbers as a person reads them. What boards send is text, never markup:
// everything goes through textContent, and what has no shape of its own is shown as its escape.

export function el(tag, className = "", ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

// Say something else where it is something else: who reads it aloud is told of nothing but changes.
export function put(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

// Make these the children, moving none that need not move: one that moves loses the focus.
export function arrange(place, children) {
  for (const child of [...place.children]) if (!children.includes(child)) child.remove();
  children.forEach((child, i) => {
    if (place.children[i] !== child) place.insertBefore(child, place.children[i] ?? null);
  });
}

const SHAPELESS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu;

export function visible(text, limit = 2000) {
  const cut = text.length > limit ? text.slice(0, limit) + "…" : text;
  return cut.replace(SHAPELESS, (c) =>
    c === "\u200d" ? c : "\\u{" + c.codePointAt(0).toString(16) + "}");
}

const GROUPED = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function count(n) {
  return GROUPED.format(n);
}

export function number(v) {
  const size = Math.abs(v);
  if (Number.isInteger(v) && size < 1e10) return GROUPED.format(v).replace("-", "\u2212");
  if (size >= 1e10 || size < 1e-3) return v.toPrecision(5).replace(/\.?0+(e|$)/, "$1").replace("-", "\u2212");
  const digits = Math.max(0, Math.min(6, 5 - Math.floor(Math.log10(size))));
  return v.toLocaleString("en", { maximumFractionDigits: Math.min(digits, 4) }).replace("-", "\u2212");
}

// The labels of an axis whose marks lie `step` apart, each with the digits that tell it from the next.
export function axisNumbers(ticks, step) {
  const most = Math.max(...ticks.map(Math.abs)), at = Math.floor(Math.log10(step));
  const plain = most < 1e10 && step >= 1e-5;
  return ticks.map((v) => {
    if (v === 0) return "0";
    const text = plain
      ? v.toLocaleString("en", { minimumFractionDigits: Math.max(0, -at), maximumFractionDigits: Math.max(0, -at) })
      : v.toExponential(Math.max(0, Math.min(9, Math.floor(Math.log10(Math.abs(v))) - at))).replace("e+", "e");
    return text.replaceAll("-", "\u2212");
  });
}

export function shown(value) {
  if (typeof value === "number") return number(value);
  if (typeof value === "boolean") return value ? "true" : "false";
  return value === "" ? "(empty)" : visible(value);
}

export function duration(s) {
  if (s < 0.95) return `${Math.max(1, Math.round(s * 1000))} ms`;
  if (s < 99.5) return `${s < 10 ? +s.toFixed(1) : Math.round(s)} s`;
  if (s < 5970) return `${Math.round(s / 60)} min`;
  if (s < 172000) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} days`;
}

export function ago(epoch) {
  const s = Date.now() / 1000 - epoch;
  if (s < -60) return `in ${duration(-s)}`;
  return s < 1.5 ? "now" : `${duration(Math.floor(s))} ago`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const SHORT = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const CALENDAR_S = 8.64e12;

function format(form, epoch) {
  return Math.abs(epoch) <= CALENDAR_S ? form.format(new Date(epoch * 1000)) : epoch.toPrecision(4);
}

export function clock(epoch, spanS = 0) {
  const today = new Date(), at = new Date(epoch * 1000);
  const time = format(spanS > 7200 ? SHORT : CLOCK, epoch);
  if (Math.abs(epoch) > CALENDAR_S || at.toDateString() === today.toDateString()) return time;
  return `${format(at.getFullYear() === today.getFullYear() ? DAY : YEAR, epoch)}, ${time}`;
}

export function axisTimes(ticks, stepS) {
  let before = "";
  return ticks.map((epoch) => {
    const day = format(DAY, epoch);
    if (stepS >= 86400) return day;
    const time = format(stepS < 60 ? CLOCK : SHORT, epoch);
    const turned = before && before !== day;
    before = day;
    return turned ? `${time}\n${day}` : time;
  });
}
