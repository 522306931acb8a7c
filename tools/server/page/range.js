// Which stretch of time is shown: the last hour or day, all there is, or what was zoomed to.
// Where a bucket is younger than the stretch, it begins with the bucket.

const LENGTH_S = { hour: 3600, day: 86400, all: Infinity };
const LEAST_S = 20;

export class Range {
  constructor(changed) {
    this.mode = "hour";
    this.zoom = null;
    this.first = null; // time of the first reading of all
    this.last = null;
    this.changed = changed;
  }

  get live() {
    return !this.zoom;
  }

  span() {
    if (this.zoom) return this.zoom;
    const now = Date.now() / 1000;
    // A recording of last week is shown as it lies; a clock that is ahead is not cut off.
    const end = this.mode === "all" && this.last != null ? Math.max(this.last, this.last > now - 600 ? now : 0) : now;
    const begin = Math.max(end - LENGTH_S[this.mode], this.first ?? end - 3600);
    return [Math.min(begin, end - LEAST_S), end];
  }

  show(mode) {
    this.mode = mode;
    this.zoom = null;
    this.changed();
  }

  zoomTo(from, to) {
    if (!(to - from > 0.01)) return;
    this.zoom = [from, to];
    this.changed();
  }

  reset() {
    if (!this.zoom) return;
    this.zoom = null;
    this.changed();
  }
}
