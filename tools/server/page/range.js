// Which stretch of time is shown: the last hour or day, all there is, or what was zoomed to.
// Where a bucket is younger than the stretch, it begins with the bucket. What is chosen goes into
// the page's address (`chosen`), and comes back from there (`look`).

const LENGTH_S = { hour: 3600, day: 86400, all: Infinity };
const LEAST_S = 20;
// From 1990 to 2106: what an older server took from a clock beyond would leave no room for the rest.
const bounded = (epoch) => Math.min(Math.max(epoch, 631152000), 4294967296);

export class Range {
  constructor(chosen, changed) {
    this.mode = "hour";
    this.zoom = null;
    this.first = null; // time of the first reading of all
    this.last = null;
    this.chosen = chosen;
    this.changed = changed;
  }

  get live() {
    return !this.zoom;
  }

  // The latest there is to see. A clock that is ahead is not cut off.
  get end() {
    return bounded(Math.max(this.last ?? 0, Date.now() / 1000));
  }

  span() {
    if (this.zoom) return this.zoom;
    const now = Date.now() / 1000;
    // A recording of last week is shown as it lies.
    const end = bounded(this.mode === "all" && this.last != null ? Math.max(this.last, this.last > now - 600 ? now : 0) : now);
    const begin = Math.max(end - LENGTH_S[this.mode], this.first ?? end - 3600);
    return [bounded(Math.min(begin, end - LEAST_S)), end];
  }

  // What an address says: URLSearchParams.
  look(address) {
    const mode = Object.hasOwn(LENGTH_S, address.get("range")) ? address.get("range") : "hour";
    const [from, to] = ["from", "to"].map((end) => bounded(Number(address.get(end) ?? NaN)));
    const zoom = to > from ? [from, to] : null;
    if (mode === this.mode && String(zoom) === String(this.zoom)) return;
    this.mode = mode;
    this.zoom = zoom;
    this.changed();
  }

  show(mode) {
    this.chosen({ range: mode });
  }

  // `again`: in place of the zoom before, not as a step of its own on the way back.
  zoomTo(from, to, again = false) {
    if (!(to - from > 0.01)) return;
    if (from <= this.first && to >= this.end) return this.show("all");
    const ends = { from: from.toFixed(3), to: to.toFixed(3) };
    this.chosen({ ...(this.mode === "hour" ? {} : { range: this.mode }), ...ends }, again && !this.live);
  }

  // The same length, so much later (or earlier).
  move(s) {
    const [from, to] = this.span();
    const by = Math.min(s, this.end - to);
    if (by) this.zoomTo(from + by, to + by, true);
  }

  // The same length, ending soon after this time.
  moveTo(epoch) {
    const [from, to] = this.span();
    this.zoomTo(epoch - (to - from) * 0.9, epoch + (to - from) * 0.1);
  }

  reset() {
    if (this.zoom) this.show(this.mode);
  }
}
