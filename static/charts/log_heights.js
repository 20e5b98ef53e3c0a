// Where each line of a long list stands: known heights where a line was measured, a guess elsewhere.
const FIRST_GUESS = 25;

export class Heights {
  constructor() {
    this.known = new Map(); // key → pixels
    this.guess = 0;
    this.tops = new Float64Array(1);
  }

  get line() { return this.guess || FIRST_GUESS; }
  get total() { return this.tops[this.tops.length - 1]; }

  forget(key) { this.known.delete(key); }

  clear() { this.known.clear(); this.guess = 0; }

  lay(keys) {
    this.tops = new Float64Array(keys.length + 1);
    keys.forEach((key, at) => { this.tops[at + 1] = this.tops[at] + (this.known.get(key) || this.line); });
  }

  // The line at a height, by halving.
  at(height) {
    let low = 0, high = this.tops.length - 2;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle] <= height) low = middle; else high = middle - 1;
    }
    return Math.max(0, low);
  }

  // Takes the height of a line that is drawn; gives whether it is another than was thought.
  take(key, height, { open }) {
    let changed = false;
    if (!this.guess && !open) {
      changed = height !== this.line;
      this.guess = height;
    }
    if (this.known.get(key) !== height) {
      changed = changed || (this.known.get(key) || this.line) !== height;
      this.known.set(key, height);
    }
    return changed;
  }
}
