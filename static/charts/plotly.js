// One chart drawn by plotly from a figure of dashboard/charts/figure.py; zoom is kept over new data.
import { faded, globalFrom, make, sheetFrom, themeOf } from "./theme.js";

const sheet = await sheetFrom(new URL("./plotly.css", import.meta.url).href);
const Plotly = await globalFrom(new URL("../plotly-cartesian.min.js", import.meta.url).href, "Plotly");
const CONFIG = { displayModeBar: false, displaylogo: false, responsive: false, doubleClick: false, showTips: false };
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

class Chart {
  constructor(parent) {
    parent.adoptedStyleSheets = [sheet];
    this.root = make("div", "chart");
    this.root.setAttribute("role", "img");
    parent.append(this.root);
    this.zoom = null;
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(this.root);
  }

  async take({ data, setTriggerValue }) {
    this.send = setTriggerValue;
    const { figure, label } = JSON.parse(new TextDecoder().decode(data));
    this.root.setAttribute("aria-label", label);
    this.root.style.minHeight = `${figure.layout.height}px`;
    const span = figure.layout.xaxis.range.join();
    if (this.span !== undefined && this.key !== figure.layout.uirevision) this.zoom = null;
    [this.span, this.key] = [span, figure.layout.uirevision];
    const { data: traces, layout } = painted(figure, themeOf(this.root));
    layout.width = this.root.clientWidth;
    if (this.zoom) layout.xaxis.range = this.zoom;
    this.drawing = true;
    await Plotly.react(this.root, traces, layout, CONFIG);
    this.drawing = false;
    if (!this.listening) this.listen();
  }

  listen() {
    this.listening = true;
    this.root.on("plotly_relayout", (change) => {
      if (this.drawing || change["xaxis.range[0]"] === undefined) return;
      this.zoom = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
      const [from, to] = this.zoom.map((each) => this.root._fullLayout.xaxis.d2c(each) / 1000);
      this.send("picked", { from, to });
    });
    this.root.on("plotly_doubleclick", () => this.reset());
    this.root.on("plotly_click", ({ points }) => {
      const [{ data: trace, x }] = points;
      this.send("picked", { line: trace.meta, at: this.root._fullLayout.xaxis.d2c(x) / 1000 });
    });
  }

  reset() {
    this.zoom = null;
    Plotly.relayout(this.root, { "xaxis.range": this.span.split(",").map(Number) });
    this.send("picked", { reset: true });
  }

  resize() {
    const width = Math.floor(this.root.clientWidth);
    if (this.listening && width > 0 && width !== this.root.layout.width) Plotly.relayout(this.root, { width });
  }

  destroy() {
    this.resizing.disconnect();
    Plotly.purge(this.root);
    this.root.remove();
  }
}

export default async function mount(component) {
  const parent = component.parentElement;
  if (!mounted.has(parent)) mounted.set(parent, new Chart(parent));
  const chart = mounted.get(parent);
  await chart.take(component);
  return () => { chart.destroy(); mounted.delete(parent); };
}
