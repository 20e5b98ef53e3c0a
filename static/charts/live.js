// The live wall: many charts in one component, kept current by the messages of dashboard/charts/live.py.
import { Card, eventsAt, setText, Tip } from "./card.js";
import { clockName, instant } from "./clock.js";
import { Plot } from "./plot.js";
import { make, sheetFrom, themeOf } from "./theme.js";
import { written } from "./unit.js";
import { applied } from "./wire.js";

const sheet = await sheetFrom(new URL("./wall.css", import.meta.url).href);
await document.fonts.load("11px Inter").catch(() => {}); // canvas text is not redrawn when a font comes late
const KEYS = "Arrow keys read values, plus and minus zoom, Escape resets.";
const SYNC = "watchkeeper"; // the crosshair stands at one time on every wall of the page
const walls = new Set();
let built = 0;

class Chart {
  constructor(wall, key, panel) {
    this.wall = wall;
    this.panel = panel;
    this.index = null;
    this.card = new Card(`${wall.id}-${key}`, wall.height);
    this.root = this.card.root;
    this.frame = this.card.frame;
    this.card.reset.addEventListener("click", () => wall.reset());
    this.buildFrame();
    wall.grid.append(this.root);
  }

  buildFrame() {
    this.frame.tabIndex = 0;
    this.note = make("div", "note");
    this.frame.append(this.note);
    this.tip = new Tip(this.frame);
    this.table = make("table", "unseen");
    this.spoken = make("div", "unseen");
    this.spoken.setAttribute("aria-live", "polite");
    this.root.append(this.table, this.spoken);
    this.frame.addEventListener("keydown", (event) => this.pressed(event));
    this.frame.addEventListener("blur", () => this.leave());
    this.frame.addEventListener("mouseenter", () => { this.wall.over = this; });
    this.frame.addEventListener("mouseleave", () => this.leave());
  }

  plotNow() {
    this.plot?.destroy();
    this.plot = new Plot(this.frame, this.panel, this.wall.height, {
      sync: SYNC,
      window: () => this.wall.zoom || this.panel.meta.span,
      theme: () => this.wall.theme,
      onSelect: (from, to) => this.wall.zoomTo(from, to),
      onReset: () => this.wall.reset(),
      onCursor: (_, index) => this.pointAt(index),
    });
    this.card.buildLegend(this.panel.meta.lines, (index) => this.plot.toggle(index));
    this.tip.build(this.panel.meta.lines);
    this.buildTable();
    this.colour();
  }

  buildTable() {
    const head = make("tr");
    for (const text of ["Series", "Latest", "At", "Lowest", "Highest"]) {
      const cell = make("th", "", text);
      cell.scope = "col";
      head.append(cell);
    }
    this.caption = make("caption");
    this.tableRows = this.panel.meta.lines.map((line) => {
      const row = make("tr");
      const name = make("th", "", line.name);
      name.scope = "row";
      row.append(name, make("td"), make("td"), make("td"), make("td"));
      return row;
    });
    const top = make("thead"), body = make("tbody");
    top.append(head);
    body.append(...this.tableRows);
    this.table.replaceChildren(this.caption, top, body);
  }

  update(panel) {
    this.panel = panel;
    if (this.plot?.fits(panel)) this.plot.update(panel);
    else this.plotNow();
    this.fill();
  }

  unitOf(line) { return line.axis === "left" ? this.panel.meta.unit : this.panel.meta.right_unit; }

  fill() {
    const { meta } = this.panel;
    this.card.fillHead(meta);
    setText(this.note, meta.note);
    this.fillClock();
    this.fillTable();
    if (this.index === null) this.fillLegend(null);
  }

  fillClock() {
    this.card.fillClock(clockName(...(this.wall.zoom || this.panel.meta.span), this.panel.meta.zone), Boolean(this.wall.zoom));
  }

  colour() { this.card.colour(this.panel.meta, this.wall.theme, [this.tip.rows]); }

  lastIndex(row) {
    for (let at = row.length - 1; at >= 0; at--) if (row[at] != null) return at;
    return -1;
  }

  // The legend says the values under the crosshair, else the latest.
  fillLegend(index) {
    this.card.fillLegend(this.panel.meta.lines.map((line, place) => {
      const row = this.panel.rows[place];
      return written(index === null ? row[this.lastIndex(row)] : row[index], this.unitOf(line));
    }));
  }

  fillTable() {
    const { meta, times, rows } = this.panel;
    const whens = new Map(); // lines mostly end at the same time
    const whenOf = (at) => whens.get(at) || whens.set(at, at < 0 ? "no data" : instant(times[at], meta.zone)).get(at);
    const said = meta.lines.map((line, place) => {
      const row = rows[place], at = this.lastIndex(row), unit = this.unitOf(line);
      let low = Infinity, high = -Infinity;
      for (let index = 0; index < row.length; index++) {
        const value = row[index];
        if (value == null) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      const latest = written(row[at], unit), when = whenOf(at);
      [latest, when, written(low, unit), written(high, unit)]
        .forEach((text, column) => setText(this.tableRows[place].children[column + 1], text));
      return at < 0 ? `${line.name}: no data` : `${line.name}: ${latest} at ${when}`;
    });
    const limits = meta.thresholds
      .map((each) => `${each.label || "Threshold"} ${written(each.value, each.axis === "left" ? meta.unit : meta.right_unit)}`);
    const state = meta.status ? [meta.status.text] : [];
    const label = [`${meta.title} ${meta.subtitle}`.trim(), ...state, ...(meta.note ? [meta.note] : []), ...said, ...limits];
    setText(this.caption, label[0]);
    this.frame.setAttribute("aria-label", `${label.join(". ")}. ${KEYS}`);
  }

  // The crosshair stands at point `index`; null: it left.
  pointAt(index) {
    if (!this.plot) return;
    const inside = index !== null && index !== undefined && this.panel.times.length > 0;
    this.index = inside ? index : null;
    this.fillLegend(this.index);
    if (inside && this.wall.over === this) this.fillTip(index);
    else this.tip.hide();
  }

  fillTip(index) {
    const { meta, times, rows } = this.panel;
    const { chart } = this.plot;
    const time = times[index];
    const texts = meta.lines.map((line, place) => {
      const value = rows[place][index], settled = meta.settled[place];
      if (value === undefined || this.plot.hidden.has(place)) return null;
      const mayChange = value !== null && settled !== null && time >= settled;
      return written(value, this.unitOf(line)) + (mayChange ? " · may change" : "");
    });
    const left = chart.bbox.left / devicePixelRatio + chart.cursor.left;
    this.tip.show({ time, zone: meta.zone, texts, events: eventsAt(meta, time, this.plot.reach()), left });
  }

  leave() {
    if (this.wall.over === this) this.wall.over = null;
    this.tip.hide();
    this.plot?.hideCursor();
  }

  pressed(event) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (event.key in moves) this.step(moves[event.key] * (event.shiftKey ? 10 : 1));
    else if (event.key === "+" || event.key === "=") this.zoomBy(0.5);
    else if (event.key === "-") this.zoomBy(2);
    else if (event.key === "Escape") { if (this.index !== null) this.leave(); else this.wall.reset(); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  step(by) {
    const { times } = this.panel;
    const [from, to] = this.wall.zoom || this.panel.meta.span;
    const shown = times.map((_, at) => at).filter((at) => times[at] >= from && times[at] <= to);
    if (!shown.length) return;
    const here = this.index === null ? (by < 0 ? shown.length : -1) : shown.indexOf(this.index);
    const next = shown[Math.max(0, Math.min(shown.length - 1, here + by))];
    this.wall.over = this;
    this.plot.showCursorAt(times[next]);
    setText(this.spoken, this.tip.said());
  }

  zoomBy(factor) {
    const [from, to] = this.wall.zoom || this.panel.meta.span;
    const middle = this.index === null ? (from + to) / 2 : this.panel.times[this.index];
    const half = ((to - from) * factor) / 2;
    if (half < 30) return;
    const [start, end] = this.panel.meta.span;
    if (middle - half <= start && middle + half >= end) this.wall.reset();
    else this.wall.zoomTo(Math.max(start, middle - half), Math.min(end, middle + half));
  }

  destroy() {
    this.plot?.destroy();
    this.root.remove();
  }
}

class Wall {
  constructor(parent) {
    this.id = `wall${++built}`;
    walls.add(this);
    this.parent = parent;
    this.charts = new Map();
    this.zoom = null;
    this.over = null;
    this.asked = null;
    parent.adoptedStyleSheets = [sheet];
    this.root = make("div", "wall");
    this.root.wall = this; // for the browser's console and the tests
    this.grid = make("div", "grid");
    this.root.append(this.grid);
    parent.append(this.root);
  }

  take(component) {
    this.send = component.setTriggerValue;
    const theme = themeOf(this.root);
    const recoloured = JSON.stringify(theme) !== JSON.stringify(this.theme);
    this.theme = theme;
    const result = applied(component.data);
    if (result.missing !== undefined) { this.askAgain(result.missing); return; }
    this.lookLike(result.look);
    this.show(result.stream, result.changed);
    if (recoloured) for (const chart of this.charts.values()) { chart.colour(); chart.plot?.redraw(); }
  }

  lookLike({ height, columns }) {
    this.root.style.setProperty("--columns", columns);
    this.root.style.setProperty("--columns-medium", Math.min(2, columns));
    if (this.height === height) return;
    this.height = height;
    for (const chart of this.charts.values()) chart.destroy();
    this.charts.clear();
  }

  askAgain(number) {
    if (this.asked === number) return;
    this.asked = number;
    this.send("resend", number);
  }

  show(stream, changed) {
    const first = stream.panels.get(stream.order[0]);
    const newWall = this.stream !== stream;
    this.stream = stream;
    this.followSpan(first?.meta.span);
    for (const [key, chart] of this.charts) if (!stream.panels.has(key)) { chart.destroy(); this.charts.delete(key); }
    for (const key of stream.order) {
      const panel = stream.panels.get(key), isNew = !this.charts.has(key);
      if (isNew) this.charts.set(key, new Chart(this, key, panel));
      if (isNew || newWall || changed.has(key)) this.draw(key, panel);
    }
    this.reorder(stream.order);
    this.root.dataset.number = stream.number;
  }

  // A chart that cannot be drawn says so; the others stay.
  draw(key, panel) {
    const chart = this.charts.get(key);
    try {
      chart.update(panel);
    } catch (error) {
      console.error(`Chart ${key} could not be drawn`, error);
      setText(chart.note, "This chart could not be drawn.");
    }
  }

  reorder(order) {
    const places = [...this.grid.children];
    order.forEach((key, place) => {
      const { root } = this.charts.get(key);
      if (places[place] !== root) this.grid.append(root);
    });
  }

  // A window that moves on with time keeps the zoom; another range, such as the one just picked, ends it.
  followSpan(span) {
    const before = this.span;
    this.span = span ? [...span] : null;
    if (!before || !span || !this.zoom) return;
    const length = span[1] - span[0];
    const moved = span[1] - before[1];
    if (Math.abs(length - (before[1] - before[0])) > 1 || moved < 0 || moved > length) this.setZoom(null);
  }

  zoomTo(from, to) {
    for (const wall of this.alike()) wall.setZoom([from, to]);
    this.send("picked", { from, to });
  }

  reset() {
    for (const wall of this.alike()) if (wall.zoom) wall.setZoom(null);
    this.send("picked", { reset: true });
  }

  // The walls that show the same length of time, this one included: a page may have several, and they zoom together.
  alike() {
    const length = ([from, to]) => to - from;
    return [...walls].filter((wall) => wall === this || (wall.span && this.span && Math.abs(length(wall.span) - length(this.span)) < 1));
  }

  setZoom(zoom) {
    this.zoom = zoom;
    for (const [key, chart] of this.charts) this.draw(key, chart.panel);
  }

  destroy() {
    for (const chart of this.charts.values()) chart.destroy();
    walls.delete(this);
    this.root.remove();
  }
}

const mounted = new WeakMap();

export default function mount(component) {
  const parent = component.parentElement;
  let wall = mounted.get(parent);
  if (!wall) {
    wall = new Wall(parent);
    mounted.set(parent, wall);
  }
  wall.take(component);
  return () => {
    wall.destroy();
    mounted.delete(parent);
  };
}
