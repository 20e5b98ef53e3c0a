// One chart drawn by plotly from a figure of dashboard/charts/figure.py; zoom is kept over new data.
import { Card, eventsAt, Tip } from "./card.js";
import { clockName } from "./clock.js";
import { faded, globalFrom, make, sheetFrom, themeOf } from "./theme.js";
import { written } from "./unit.js";

const sheets = await Promise.all(["./wall.css", "./plotly.css"].map((name) => sheetFrom(new URL(name, import.meta.url).href)));
const Plotly = await globalFrom(new URL("../plotly-cartesian.min.js", import.meta.url).href, "Plotly");
const CONFIG = { displayModeBar: false, displaylogo: false, responsive: false, doubleClick: false, showTips: false };
const DOUBLE_CLICK = 320; // milliseconds
const NAMED = /^@([a-z]+)(\d*)(?:\/([\d.]+))?$/;
const mounted = new WeakMap();

function painted(value, theme) {
  if (Array.isArray(value)) return value.map((each) => painted(each, theme));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, painted(each, theme)]));
  }
  const named = typeof value === "string" && NAMED.exec(value);
  if (!named) return value;
  const [, name, rank, alpha] = named;
  const colour = name === "series" ? theme.series[Number(rank) % theme.series.length] : theme.tones[name] || theme[name];
  return alpha ? faded(colour, Number(alpha)) : colour;
}

let charts = 0;

class Chart {
  constructor(parent) {
    parent.adoptedStyleSheets = sheets;
    this.outer = make("div", "wall");
    this.root = make("div", "chart");
    this.hidden = new Set();
    this.card = new Card(`chart${++charts}`, 0);
    this.card.reset.addEventListener("click", () => this.reset());
    this.card.frame.append(this.root);
    this.tip = new Tip(this.card.frame);
    this.outer.append(this.card.root);
    parent.append(this.outer);
    this.zoom = null;
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(this.root);
  }

  async take({ data, setTriggerValue }) {
    this.send = setTriggerValue;
    const { figure, label, meta, latest, divisors } = JSON.parse(new TextDecoder().decode(data));
    this.fill(meta, latest, label);
    this.root.style.minHeight = `${figure.layout.height}px`;
    // Another chart, or another length of time such as the one just picked, ends the zoom; a span that moves on keeps it.
    const length = meta.span[1] - meta.span[0];
    if (this.key !== figure.layout.uirevision || Math.abs(this.length - length) > 1) this.zoom = null;
    [this.span, this.key, this.length] = [figure.layout.xaxis.range, figure.layout.uirevision, length];
    [this.meta, this.divisors] = [meta, divisors];
    const { data: traces, layout } = painted(figure, this.theme);
    for (const trace of traces) {
      if (this.hidden.has(trace.meta)) trace.visible = false;
      delete trace.hovertemplate; // the tip writes numbers as the axes do
      trace.hoverinfo = "none";
    }
    layout.hovermode = "x";
    Object.assign(layout.xaxis, { showspikes: true, spikemode: "across", spikesnap: "hovered data", spikethickness: -1,
                                  spikedash: "3px,2px", spikecolor: this.theme.tones.muted });
    layout.width = this.root.clientWidth;
    if (this.zoom) layout.xaxis.range = this.zoom;
    this.drawing = true;
    await Plotly.react(this.root, traces, layout, CONFIG);
    this.drawing = false;
    this.fillClock();
    if (!this.listening) this.listen();
  }

  fill(meta, latest, label) {
    this.theme = themeOf(this.outer);
    const lines = JSON.stringify(meta.lines);
    if (this.lines !== lines) { this.build(meta.lines); }
    this.lines = lines;
    this.card.fillHead(meta);
    this.card.fillLegend(latest);
    this.card.colour(meta, this.theme, [this.tip.rows]);
    this.card.frame.setAttribute("aria-label", label);
  }

  build(lines) {
    this.hidden.clear();
    this.card.buildLegend(lines, (index) => this.toggle(index));
    this.tip.build(lines);
  }

  hovered({ points }) {
    const axis = this.root._fullLayout.xaxis;
    const shown = axis.d2c(points[0].x) / 1000;
    const first = this.meta.span[0] - axis.d2c(this.span[0]) / 1000; // from the chart's clock to UTC
    const texts = this.meta.lines.map(() => null);
    for (const { data: trace, y } of points.filter((each) => each.data.mode !== "markers")) {
      const line = this.meta.lines[trace.meta];
      const unit = line.axis === "left" ? this.meta.unit : this.meta.right_unit;
      const settled = this.meta.settled[trace.meta];
      const mayChange = settled !== null && shown + first >= settled;
      texts[trace.meta] = written(y * this.divisors[trace.meta], unit) + (mayChange ? " · may change" : "");
    }
    const [from, to] = axis.range.map((each) => axis.d2c(each) / 1000);
    const events = eventsAt(this.meta, shown + first, ((to - from) / axis._length) * 8);
    const left = axis._offset + axis.d2p(points[0].x);
    this.tip.show({ time: shown + first, zone: this.meta.zone, texts, events, left });
  }

  fillClock() {
    const [from, to] = this.meta.span;
    this.card.fillClock(clockName(from, to, this.meta.zone), Boolean(this.zoom));
  }

  // Hides line `index` or shows it again; gives whether it is shown.
  toggle(index) {
    if (!this.hidden.delete(index)) this.hidden.add(index);
    const places = this.root.data.map((_, place) => place).filter((place) => this.root.data[place].meta === index);
    Plotly.restyle(this.root, { visible: !this.hidden.has(index) }, places);
    return !this.hidden.has(index);
  }

  listen() {
    this.listening = true;
    this.root.on("plotly_relayout", (change) => {
      if (this.drawing || change["xaxis.range[0]"] === undefined) return;
      this.zoom = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
      this.fillClock();
      const [from, to] = this.zoom.map((each) => this.root._fullLayout.xaxis.d2c(each) / 1000);
      this.send("picked", { from, to });
    });
    this.root.on("plotly_hover", (what) => this.hovered(what));
    this.root.on("plotly_unhover", () => this.tip.hide());
    this.root.on("plotly_doubleclick", () => { this.lastDouble = performance.now(); this.reset(); });
    this.root.on("plotly_click", ({ points }) => {
      const [{ data: trace, x }] = points;
      const picked = { line: trace.meta, at: this.root._fullLayout.xaxis.d2c(x) / 1000 };
      clearTimeout(this.clicked); // the first half of a double click is no click
      this.clicked = setTimeout(() => {
        if (!(performance.now() - this.lastDouble < 2 * DOUBLE_CLICK)) this.send("picked", picked);
      }, DOUBLE_CLICK);
    });
  }

  reset() {
    this.zoom = null;
    this.drawing = true;
    Plotly.relayout(this.root, { "xaxis.range": [...this.span] }).then(() => { this.drawing = false; this.fillClock(); });
    this.send("picked", { reset: true });
  }

  resize() {
    const width = Math.floor(this.root.clientWidth);
    if (this.listening && width > 0 && width !== this.root.layout.width) Plotly.relayout(this.root, { width });
  }

  destroy() {
    this.resizing.disconnect();
    Plotly.purge(this.root);
    this.outer.remove();
  }
}

export default async function mount(component) {
  const parent = component.parentElement;
  if (!mounted.has(parent)) mounted.set(parent, new Chart(parent));
  const chart = mounted.get(parent);
  await chart.take(component);
  return () => { chart.destroy(); mounted.delete(parent); };
}
