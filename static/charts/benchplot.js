// The workbench's chart: a plot whose threshold is taken by mouse, finger or keys, and on which spans can be marked.
import { Plot } from "./plot.js";
import { faded, make } from "./theme.js";
import { written } from "./unit.js";

const STILL = 4; // pixels that a click may move
const KEY_PAUSE = 250; // milliseconds after the last key that a value is sent
const NICE = [1, 2, 5, 10];

// The first of 1, 2, 5 × a power of ten that is at least `rough`.
function cleanStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return NICE.find((each) => each * power >= rough * 0.999999) * power;
}

export class BenchPlot extends Plot {
  // Further hooks: view() -> {threshold, below, movable, band, ghost}, marking(), onMove(value), onSet(value),
  // onClick(value), onCancel(), onMark(from, to), onDrawn(plot)
  constructor(root, panel, height, hooks) {
    super(root, panel, height, hooks);
    this.gripTo(make("div", "grip"));
    this.listen();
    this.moved();
  }

  options() {
    const options = super.options();
    const place = (index) => 1 + 2 * this.order.indexOf(index);
    const fill = () => faded(this.hooks.theme().tones.info, 0.1);
    if (this.hooks.view().band) {
      options.bands = [0, 1].map((tail) => ({ series: [place(2) + tail, place(1) + tail], fill }));
    }
    options.cursor.bind.mousedown = (_, __, begin) => (event) => (this.isMark(event) ? null : begin(event));
    options.hooks.draw.unshift(() => this.drawGhost());
    options.hooks.draw.push(() => this.drawn());
    return options;
  }

  // What lies beyond the threshold is drawn red, as drawing only: the state below is Python's.
  series(index, tail) {
    const series = super.series(index, tail);
    if (index !== 0 || this.lineAt(1 + 2 * this.order.indexOf(0)).kind === "bar") return series;
    const plain = series.stroke;
    series.stroke = (chart) => this.beyond(chart, this.hooks.theme().tones.alarm, plain());
    series.fill = (chart) => this.beyond(chart, faded(this.hooks.theme().tones.alarm, 0.25), faded(this.hooks.theme().tones.alarm, 0));
    series.fillTo = (chart) => chart.scales.left[this.hooks.view().below ? "max" : "min"];
    return series;
  }

  // `breach` on the breaching side of the threshold, `plain` on the other.
  beyond(chart, breach, plain) {
    const { threshold, below } = this.hooks.view();
    if (threshold === null || chart.scales.left.min == null) return plain;
    const { ctx, bbox } = chart;
    const share = (chart.valToPos(threshold, "left", true) - bbox.top) / bbox.height;
    const edge = Math.max(0, Math.min(1, share));
    const [above, under] = below ? [plain, breach] : [breach, plain];
    const colours = ctx.createLinearGradient(0, bbox.top, 0, bbox.top + bbox.height);
    for (const [at, colour] of [[0, above], [edge, above], [edge, under], [1, under]]) colours.addColorStop(at, colour);
    return colours;
  }

  // Incidents have a bar on top, so that they are found in a fortnight.
  drawBands() {
    super.drawBands();
    const { ctx, bbox, scales } = this.chart;
    ctx.fillStyle = this.hooks.theme().tones.info;
    for (const [from, to] of this.hooks.view().incidents) {
      if (to <= scales.x.min || from >= scales.x.max) continue;
      const left = Math.max(bbox.left, this.chart.valToPos(from, "x", true));
      const right = Math.min(bbox.left + bbox.width, this.chart.valToPos(to, "x", true));
      ctx.fillRect(left, bbox.top, Math.max(2 * devicePixelRatio, right - left), 3 * devicePixelRatio);
    }
  }

  // The threshold of the cell that the mouse is over.
  drawGhost() {
    const { ghost } = this.hooks.view();
    const { ctx, bbox, scales } = this.chart;
    if (ghost == null || scales.left.min == null || ghost < scales.left.min || ghost > scales.left.max) return;
    const y = Math.round(this.chart.valToPos(ghost, "left", true));
    ctx.save();
    ctx.strokeStyle = this.hooks.theme().tones.muted;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  drawn() {
    if (this.grip) this.moved();
    this.hooks.onDrawn(this);
  }

  repaint() { this.chart.redraw(false, false); }

  isMark(event) { return event.shiftKey || this.hooks.marking(); }

  listen() {
    const { over } = this.chart;
    over.addEventListener("pointerdown", (event) => { if (event.button === 0) this.pressed(event); });
    over.addEventListener("pointermove", (event) => this.stretched(event));
    over.addEventListener("pointerup", (event) => this.released(event));
    over.addEventListener("pointercancel", () => this.dropMark());
    over.addEventListener("click", (event) => this.clicked(event));
    // the value axis left of the plot
    this.root.addEventListener("click", (event) => { if (event.target !== over && !over.contains(event.target)) this.clickedAxis(event); });
  }

  xIn(event) {
    const box = this.chart.over.getBoundingClientRect();
    return Math.max(0, Math.min(box.width, event.clientX - box.left));
  }

  valueAt(event) {
    const box = this.chart.over.getBoundingClientRect();
    const y = Math.max(0, Math.min(box.height, event.clientY - box.top));
    return this.clean(this.chart.posToVal(y, "left"), box.height);
  }

  // A value as round as a pixel is high: what a hand means, without digits that it cannot aim at.
  clean(value, pixels) {
    const { min, max } = this.chart.scales.left;
    const { divisor } = this.axes.left.scale;
    const step = cleanStep((max - min) / divisor / pixels);
    return Number((Math.round(value / divisor / step) * step * divisor).toPrecision(12));
  }

  pressed(event) {
    this.from = { x: event.clientX, y: event.clientY };
    if (!this.isMark(event)) return;
    this.markFrom = this.xIn(event);
    this.chart.over.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  stretched(event) {
    if (this.markFrom === undefined) return;
    const x = this.xIn(event);
    const height = this.chart.over.clientHeight;
    this.chart.setSelect({ left: Math.min(x, this.markFrom), width: Math.abs(x - this.markFrom), top: 0, height }, false);
  }

  released(event) {
    if (this.markFrom === undefined) return;
    const [from, to] = [this.markFrom, this.xIn(event)].sort((one, other) => one - other);
    this.dropMark();
    if (to - from < STILL) return;
    this.hooks.onMark(this.chart.posToVal(from, "x"), this.chart.posToVal(to, "x"));
  }

  dropMark() {
    this.markFrom = undefined;
    this.chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  }

  clicked(event) {
    if (!this.from || this.isMark(event) || !this.canMove()) return;
    if (Math.hypot(event.clientX - this.from.x, event.clientY - this.from.y) > STILL) return;
    this.hooks.onClick(this.valueAt(event));
  }

  clickedAxis(event) {
    const box = this.chart.over.getBoundingClientRect();
    const beside = event.clientX < box.left && event.clientY >= box.top && event.clientY <= box.bottom;
    if (beside && this.canMove()) this.hooks.onSet(this.valueAt(event));
  }

  canMove() {
    const { threshold, movable } = this.hooks.view();
    return threshold !== null && movable;
  }

  gripTo(grip) {
    this.grip = grip;
    grip.setAttribute("role", "slider");
    grip.setAttribute("aria-label", "Threshold");
    grip.setAttribute("aria-orientation", "vertical");
    grip.append(make("i"));
    this.chart.over.append(grip);
    // uPlot would begin a zoom here
    for (const kind of ["mousedown", "click", "dblclick"]) grip.addEventListener(kind, (event) => event.stopPropagation());
    grip.addEventListener("pointerdown", (event) => this.take(event));
    grip.addEventListener("pointermove", (event) => { if (this.taken) this.hooks.onMove(this.valueAt(event)); });
    grip.addEventListener("pointerup", (event) => this.letGo(event));
    grip.addEventListener("pointercancel", () => this.giveUp());
    grip.addEventListener("keydown", (event) => this.key(event));
    grip.addEventListener("blur", () => this.sendKeys());
  }

  take(event) {
    event.stopPropagation();
    if (event.button !== 0 || !this.canMove()) return;
    this.taken = { y: event.clientY };
    this.grip.setPointerCapture(event.pointerId);
    this.grip.focus({ preventScroll: true });
    event.preventDefault();
  }

  letGo(event) {
    const { taken } = this;
    this.taken = null;
    if (!taken) return;
    if (Math.abs(event.clientY - taken.y) < 1) this.hooks.onCancel();
    else this.hooks.onSet(this.valueAt(event));
  }

  giveUp() {
    this.taken = null;
    this.keyed = undefined;
    clearTimeout(this.pause);
    this.hooks.onCancel();
  }

  key(event) {
    const { min, max } = this.chart.scales.left;
    const { divisor } = this.axes.left.scale;
    const step = cleanStep((max - min) / divisor / 100) * divisor;
    const moves = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 };
    const ends = { Home: min, End: max };
    if (event.key === "Escape" && (this.taken || this.keyed !== undefined)) this.giveUp();
    else if (event.key === "Enter") this.sendKeys();
    else if (event.key in moves) this.nudge(Math.round(this.hooks.view().threshold / step + moves[event.key]) * step);
    else if (event.key in ends) this.nudge(ends[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  nudge(value) {
    if (!this.canMove()) return;
    this.keyed = Number(value.toPrecision(12));
    this.hooks.onMove(this.keyed);
    const { min, max } = this.chart.scales.left;
    if (this.keyed < min || this.keyed > max) this.chart.setData(this.data()); // the axis follows
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.sendKeys(), KEY_PAUSE);
  }

  sendKeys() {
    clearTimeout(this.pause);
    const value = this.keyed;
    this.keyed = undefined;
    if (value !== undefined) this.hooks.onSet(value);
  }

  busy() { return Boolean(this.taken) || this.keyed !== undefined; }

  // Puts the grip on the line and says where that is.
  moved() {
    const { threshold, movable } = this.hooks.view();
    const { scales } = this.chart;
    this.grip.hidden = threshold === null || scales.left?.min == null;
    if (this.grip.hidden) return;
    const y = this.chart.valToPos(threshold, "left");
    this.grip.style.transform = `translateY(${Math.round(y)}px)`;
    const { unit } = this.panel.meta;
    for (const [name, value] of [["valuemin", scales.left.min], ["valuemax", scales.left.max], ["valuenow", threshold],
                                 ["valuetext", written(threshold, unit)], ["disabled", String(!movable)]]) {
      this.grip.setAttribute(`aria-${name}`, value);
    }
    this.grip.tabIndex = movable ? 0 : -1;
  }

  destroy() {
    clearTimeout(this.pause);
    super.destroy();
  }
}
