// The alarm workbench's preview: chart with a threshold that moves, state band and heat map, kept current by the
// messages of dashboard/charts/bench.py. What a hand does is drawn at once; what follows from it comes from Python.
import { BenchPlot } from "./benchplot.js";
import { Card, eventsAt, setText, Tip } from "./card.js";
import { clockName } from "./clock.js";
import { Heat } from "./heat.js";
import { Marking } from "./marking.js";
import { taken } from "./parts.js";
import { STATES, Strip, TONES } from "./strip.js";
import { make, sheetFrom, themeOf } from "./theme.js";
import { written } from "./unit.js";

const sheets = await Promise.all(["./wall.css", "./bench.css"].map((name) => sheetFrom(new URL(name, import.meta.url).href)));
await document.fonts.load("11px Inter").catch(() => {}); // canvas text is not redrawn when a font comes late
const ANSWER = 8000; // milliseconds that Python is waited for before its own value counts again
const DOUBLE_CLICK = 320;
const KEYS = "Arrow keys read values, plus and minus zoom, Escape resets.";
let built = 0;

class Bench {
  constructor(parent) {
    this.id = `bench${++built}`;
    parent.adoptedStyleSheets = sheets;
    this.root = make("div", "wall bench");
    this.root.bench = this; // for the browser's console and the tests
    this.zoom = null;
    this.index = null;
    this.names = {};
    this.view = { threshold: null, ghost: null, incidents: [] };
    this.buildCard();
    this.heat = new Heat(this.id, {
      onChoose: (choice) => this.choose(choice),
      onHover: (threshold) => this.haunt(threshold),
    });
    this.root.append(this.card.root, this.heat.root);
    parent.append(this.root);
  }

  buildCard() {
    this.card = new Card(this.id, 0);
    const { frame, root } = this.card;
    this.card.reset.addEventListener("click", () => this.zoomTo(null));
    frame.tabIndex = 0;
    frame.setAttribute("role", "group"); // no image: it holds the slider
    this.note = make("div", "note");
    frame.append(this.note);
    this.tip = new Tip(frame);
    this.spoken = make("div", "unseen");
    this.spoken.setAttribute("aria-live", "polite");
    const hooks = { theme: () => this.theme, onTime: (time) => this.lookAt(time) };
    this.strip = new Strip(hooks);
    this.recorded = new Strip(hooks); // what AWS recorded, over what the replay says
    this.statesNote = make("p", "hint");
    this.marking = new Marking({
      onMark: (from, to) => this.tell({ incident: { from, to } }),
      onRemove: (from, to) => this.tell({ unmarked: { from, to } }),
      onMode: (on) => this.root.classList.toggle("marking", on),
    });
    root.insertBefore(this.marking.root, frame);
    const foot = root.lastChild;
    root.insertBefore(this.recorded.root, foot);
    root.insertBefore(this.strip.root, foot);
    root.insertBefore(this.key(), foot);
    root.insertBefore(this.statesNote, foot);
    root.append(this.spoken, this.marking.spoken, this.strip.spoken, this.recorded.spoken);
    frame.addEventListener("keydown", (event) => this.pressed(event));
    frame.addEventListener("mouseenter", () => { this.over = true; });
    frame.addEventListener("mouseleave", () => this.leave());
    frame.addEventListener("blur", () => { if (!this.over) this.leave(); });
  }

  key() {
    this.stateKey = make("div", "key");
    this.stateKey.append(...STATES.map((state) => {
      const entry = make("span", "state", state);
      entry.dataset.tone = TONES[state];
      return entry;
    }), make("span", "sent", "notification"));
    return this.stateKey;
  }

  take(component) {
    this.send = component.setTriggerValue;
    this.root.dataset.bytes = component.data.length;
    const message = taken(component.data);
    if (message.missing) { this.askAgain(message.missing); return; }
    this.asked = undefined;
    this.theme = themeOf(this.root);
    const names = message.names;
    const changed = (kind) => this.names[kind] !== names[kind];
    const dirty = changed("rows") || changed("chart") || this.height !== message.now.height;
    this.answered(message.now, changed("states") || changed("heat"));
    this.height = message.now.height;
    this.said = message.now.threshold;
    const held = this.keptThreshold(message.now.threshold);
    const redraw = dirty || this.isOther(message.now, held);
    this.view = { ...message.now, threshold: held, ghost: this.view.ghost };
    this.names = names;
    this.parts = message.parts;
    this.panel = { meta: this.meta(), times: message.parts.rows.times, rows: message.parts.rows.rows };
    this.root.dataset.names = Object.values(names).join(" ");
    this.fill(redraw);
  }

  // The threshold to show when Python says `theirs`: a hand on it goes first, then a value that is on its way.
  keptThreshold(theirs) {
    if (this.plot?.busy()) return this.view.threshold;
    if (this.awaited === undefined || theirs === this.awaited || theirs !== this.before) {
      this.awaited = undefined;
      return theirs;
    }
    return this.view.threshold;
  }

  isOther(now, threshold) {
    const { view } = this;
    return view.threshold !== threshold || ["below", "band", "movable"].some((name) => view[name] !== now[name])
      || JSON.stringify(view.incidents) !== JSON.stringify(now.incidents);
  }

  meta() {
    const { chart } = this.parts;
    const { threshold, incidents } = this.view;
    const own = { value: threshold, label: "Threshold", axis: "left", tone: "alarm" };
    return {
      ...chart,
      thresholds: threshold === null ? chart.thresholds : [own, ...chart.thresholds],
      bands: [...chart.bands, ...incidents.map(([from, to]) => ({ from, to, label: "Incident", tone: "info" }))],
    };
  }

  askAgain(name) {
    if (this.asked === name) return;
    this.asked = name;
    this.send("resend", name);
  }

  fill(redraw) {
    const { meta } = this.panel;
    this.followSpan(meta.span);
    this.card.fillHead(meta);
    setText(this.note, meta.note);
    const { states, recorded } = this.parts;
    this.strip.take(states, meta.zone, recorded ? { name: "Ours" } : {});
    this.recorded.take(recorded, meta.zone, { name: "AWS", spoken: "State of the alarm as AWS recorded it." });
    this.stateKey.hidden = !states && !recorded;
    this.stateKey.lastChild.hidden = !states?.notices.length && !recorded?.notices.length;
    setText(this.statesNote, this.view.states_note);
    this.marking.take(this.view, meta.zone);
    if (!this.plot || !this.plot.fits(this.panel) || this.plot.height !== this.height || this.plot.banded !== this.view.band) this.plotNow();
    else if (redraw) this.plot.update(this.panel);
    else { this.plot.panel = this.panel; this.plot.repaint(); }
    this.colour();
    this.fillClock();
    this.fillLabel();
    if (this.index === null) this.fillLegend(null);
    else this.pointAt(this.index);
    this.heat.take({ heat: this.parts.heat, name: this.names.heat, current: this.view.current, note: this.view.heat_note,
                     unit: meta.unit, movable: this.view.movable });
  }

  plotNow() {
    const focused = this.plot?.grip.matches(":focus");
    this.plot?.destroy();
    this.card.frame.style.minHeight = `${this.height}px`;
    this.plot = new BenchPlot(this.card.frame, this.panel, this.height, {
      window: () => this.zoom || this.panel.meta.span,
      theme: () => this.theme,
      view: () => this.view,
      marking: () => this.marking.on,
      onSelect: (from, to) => this.zoomTo([from, to]),
      onReset: () => this.reset(),
      onCursor: (_, index) => this.pointAt(index),
      onMove: (value) => this.local(value),
      onSet: (value) => this.set(value),
      onClick: (value) => this.setAfterDouble(value),
      onCancel: () => this.cancel(),
      onMark: (from, to) => this.marking.mark(from, to),
      onDrawn: (plot) => { this.recorded.draw(plot.chart); this.strip.draw(plot.chart); },
    });
    this.plot.banded = this.view.band;
    if (focused) this.plot.grip.focus({ preventScroll: true });
    this.card.buildLegend(this.panel.meta.lines, (index) => this.plot.toggle(index));
    this.tip.build(this.panel.meta.lines);
  }

  colour() { this.card.colour(this.panel.meta, this.theme, [this.tip.rows]); }

  // Shows `value` at once; `later`: it is on its way to Python.
  local(value, later = false) {
    if (later) this.expect(value);
    this.view.threshold = value;
    this.panel.meta.thresholds[0].value = value;
    this.root.classList.add("moved");
    this.plot.repaint();
    this.plot.moved();
  }

  expect(value) {
    this.before = this.said;
    this.awaited = value;
    clearTimeout(this.giveUpAt);
    this.giveUpAt = setTimeout(() => this.cancel(), ANSWER);
  }

  set(value) {
    if (value === this.said && this.awaited === undefined) { this.cancel(); return; }
    this.local(value, true);
    this.plot.update(this.panel);
    this.tell({ threshold: value });
  }

  // In a zoomed chart a double click resets the zoom, and its first half is no click.
  setAfterDouble(value) {
    clearTimeout(this.clicking);
    if (!this.zoom) { this.set(value); return; }
    this.clicking = setTimeout(() => this.set(value), DOUBLE_CLICK);
  }

  // Back to what Python said last.
  cancel() {
    clearTimeout(this.giveUpAt);
    this.awaited = undefined;
    this.root.classList.remove("moved");
    if (this.said === null || this.said === this.view.threshold) return;
    this.view.threshold = this.panel.meta.thresholds[0].value = this.said;
    this.plot.update(this.panel);
  }

  tell(what) {
    this.toldAt = performance.now();
    this.root.classList.add("moved");
    clearTimeout(this.unanswered);
    this.unanswered = setTimeout(() => this.root.classList.remove("moved"), ANSWER);
    this.send("picked", what);
  }

  // Python answered: what is shown belongs to the threshold again.
  answered(now, changed) {
    if (this.plot?.busy()) return;
    if (this.toldAt !== undefined && (changed || now.threshold === this.awaited)) {
      this.root.dataset.milliseconds = Math.round(performance.now() - this.toldAt);
      this.toldAt = undefined;
    }
    if (this.awaited === undefined || now.threshold !== this.before) {
      clearTimeout(this.giveUpAt);
      this.root.classList.remove("moved");
    }
  }

  choose(choice) {
    const { threshold } = this.view;
    if (threshold !== null && choice.threshold !== threshold) this.local(choice.threshold, true);
    this.tell({ choice });
  }

  haunt(threshold) {
    if (this.view.ghost === threshold || !this.plot) return;
    this.view.ghost = threshold;
    this.plot.repaint();
  }

  window() { return this.zoom || this.panel.meta.span; }

  // A window that moves on with time keeps the zoom; another range ends it.
  followSpan(span) {
    if (this.zoom && this.span && Math.abs(span[1] - span[0] - (this.span[1] - this.span[0])) > 1) this.zoom = null;
    this.span = [...span];
  }

  zoomTo(zoom) {
    this.zoom = zoom;
    this.plot.update(this.panel);
    this.fillClock();
  }

  reset() {
    clearTimeout(this.clicking);
    if (this.zoom) this.zoomTo(null);
  }

  fillClock() { this.card.fillClock(clockName(...this.window(), this.panel.meta.zone), Boolean(this.zoom)); }

  lastIndex(row) {
    for (let at = row.length - 1; at >= 0; at--) if (row[at] != null) return at;
    return -1;
  }

  textAt(place, index) {
    const row = this.panel.rows[place];
    return written(index === null ? row[this.lastIndex(row)] : row[index], this.unitOf(place));
  }

  unitOf(place) { return this.panel.meta.lines[place].axis === "left" ? this.panel.meta.unit : this.panel.meta.right_unit; }

  fillLegend(index) { this.card.fillLegend(this.panel.meta.lines.map((_, place) => this.textAt(place, index))); }

  fillLabel() {
    const { meta } = this.panel;
    const lines = meta.lines.map((line, place) => `${line.name}: ${this.textAt(place, null)}`);
    const said = [`${meta.title} ${meta.subtitle}`.trim(), meta.status?.text, meta.note, ...lines].filter(Boolean);
    const marks = this.view.markable ? " M begins and ends an incident at the point that is read." : "";
    this.card.frame.setAttribute("aria-label", `${said.join(". ")}. ${KEYS}${marks}`);
  }

  pointAt(index) {
    if (!this.plot) return;
    const inside = index !== null && index !== undefined && index < this.panel.times.length;
    this.index = inside ? index : null;
    this.fillLegend(this.index);
    for (const strip of [this.strip, this.recorded]) strip.pointAt(inside ? this.panel.times[index] : null);
    if (inside && (this.over || this.looking)) this.fillTip(index);
    else this.tip.hide();
  }

  fillTip(index) {
    const { meta, times, rows } = this.panel;
    const time = times[index];
    const texts = meta.lines.map((_, place) => {
      const value = rows[place][index], settled = meta.settled[place];
      if (value === undefined || this.plot.hidden.has(place)) return null;
      return this.textAt(place, index) + (value !== null && settled !== null && time >= settled ? " · may change" : "");
    });
    const events = [...this.recorded.events(time, this.plot.reach()), ...this.strip.events(time, this.plot.reach()), ...eventsAt(meta, time, this.plot.reach())];
    const left = this.plot.chart.bbox.left / devicePixelRatio + this.plot.chart.cursor.left;
    this.tip.show({ time, zone: meta.zone, texts, events, left });
  }

  // The state band is pointed at: the crosshair above stands at the same time.
  lookAt(time) {
    this.looking = time !== null;
    if (time === null) this.plot.hideCursor();
    else this.plot.showCursorAt(time);
  }

  leave() {
    this.over = this.looking = false;
    this.tip.hide();
    this.plot?.hideCursor();
  }

  pressed(event) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (event.key in moves) this.step(moves[event.key] * (event.shiftKey ? 10 : 1));
    else if (event.key === "+" || event.key === "=") this.zoomBy(0.5);
    else if (event.key === "-") this.zoomBy(2);
    else if (event.key === "m" && this.view.markable && this.index !== null) this.marking.key(this.panel.times[this.index]);
    else if (event.key === "Escape") this.escape();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  escape() {
    if (this.marking.stop()) return;
    if (this.index !== null) this.leave();
    else this.zoomTo(null);
  }

  step(by) {
    const { times } = this.panel;
    const [from, to] = this.window();
    const first = times.findIndex((time) => time >= from);
    const last = times.findLastIndex((time) => time <= to);
    if (first < 0 || last < first) return;
    const here = this.index ?? (by < 0 ? last + 1 : first - 1);
    this.looking = true;
    this.plot.showCursorAt(times[Math.max(first, Math.min(last, here + by))]);
    setText(this.spoken, this.tip.said());
  }

  zoomBy(factor) {
    const [from, to] = this.window();
    const [start, end] = this.panel.meta.span;
    const middle = this.index === null ? (from + to) / 2 : this.panel.times[this.index];
    const half = ((to - from) * factor) / 2;
    if (half < 30) return;
    const wide = middle - half <= start && middle + half >= end;
    this.zoomTo(wide ? null : [Math.max(start, middle - half), Math.min(end, middle + half)]);
  }

  destroy() {
    for (const timer of [this.giveUpAt, this.clicking, this.unanswered]) clearTimeout(timer);
    this.plot?.destroy();
    this.heat.destroy();
    this.root.remove();
  }
}

const mounted = new WeakMap();

export default function mount(component) {
  const parent = component.parentElement;
  if (!mounted.has(parent)) mounted.set(parent, new Bench(parent));
  const bench = mounted.get(parent);
  bench.take(component);
  return () => { bench.destroy(); mounted.delete(parent); };
}
