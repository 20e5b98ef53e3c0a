// One chart of the wall: a view's panel drawn by uPlot, with what uPlot has not: unsettled tails, bands, marks.
import { colourOf } from "./card.js";
import { tickTime, timeSplits } from "./clock.js";
import { faded, globalFrom } from "./theme.js";
import { roundAxis, tickText, written } from "./unit.js";

const uPlot = await globalFrom(new URL("../uplot-1.6.32.iife.min.js", import.meta.url).href, "uPlot");
const FONT_SIZE = 11;
const LINE_WIDTH = 1.6;
const DASHES = [4, 3];
const BEHIND = ["area", "bar", "step", "line"]; // drawn in this order
const TICK_SPACE = 72;
const TICK_TEXT = 36; // width of a time under a tick: half of it stands beyond the last one
const ruler = document.createElement("canvas").getContext("2d");

// Indices of lines in the order in which they are drawn: fills behind, and the first line of a kind in front.
function drawingOrder(lines) {
  return lines.map((_, index) => index)
    .sort((one, other) => BEHIND.indexOf(lines[one].kind) - BEHIND.indexOf(lines[other].kind) || other - one);
}

// Bars on one axis stand on each other: the row of each is the sum up to it.
function stacked(panel, hidden) {
  const sums = {};
  return panel.rows.map((row, index) => {
    const { kind, axis } = panel.meta.lines[index];
    if (kind !== "bar" || hidden.has(index)) return row;
    const below = sums[axis];
    sums[axis] = row.map((value, at) => (value ?? 0) + (below ? below[at] : 0));
    return below ? row.map((value, at) => (value == null ? value : sums[axis][at])) : row;
  });
}

function firstAtOrAfter(times, instantWanted) {
  if (instantWanted === null) return times.length;
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < instantWanted) low = middle + 1; else high = middle;
  }
  return low;
}

function pathsFor(kind) {
  if (kind === "bar") return uPlot.paths.bars({ size: [0.7, 18, 1] });
  if (kind === "step") return uPlot.paths.stepped({ align: 1 });
  return uPlot.paths.linear();
}

export class Plot {
  // `hooks`: window() -> [from, to], theme(), onSelect(from, to), onCursor(plot, index|null), onReset(), sync
  constructor(root, panel, height, hooks) {
    this.root = root;
    this.hooks = hooks;
    this.hidden = new Set();
    this.height = height;
    this.panel = panel;
    this.shape = this.shapeOf(panel);
    this.order = drawingOrder(panel.meta.lines);
    this.axes = {};
    this.chart = new uPlot(this.options(), this.data(), root);
    this.inSight = true;
    this.waiting = false;
    this.resizing = new ResizeObserver(() => this.resize());
    this.watching = new IntersectionObserver(([entry]) => this.seen(entry.isIntersecting), { rootMargin: "100px" });
    this.watching.observe(root);
    this.resizing.observe(root);
  }

  // What cannot be changed in a living uPlot; another shape needs a new plot.
  shapeOf(panel) {
    return JSON.stringify([panel.meta.lines, panel.meta.unit, panel.meta.right_unit]);
  }

  fits(panel) { return this.shape === this.shapeOf(panel); }

  // A line is two series on one row: settled, and what may still change.
  data() {
    const rows = stacked(this.panel, this.hidden);
    return [this.panel.times, ...this.order.flatMap((index) => [rows[index], rows[index]])];
  }

  // Takes new data; draws it now, or when the chart comes into sight.
  update(panel) {
    this.panel = panel;
    this.waiting = !this.inSight;
    if (this.inSight) this.chart.setData(this.data());
  }

  seen(inSight) {
    this.inSight = inSight;
    if (inSight && this.waiting) this.update(this.panel);
  }

  redraw() { this.chart.redraw(false, true); }

  resize() {
    const width = Math.floor(this.root.clientWidth);
    if (width > 0 && width !== this.chart.width) this.chart.setSize({ width, height: this.height });
  }

  destroy() {
    this.resizing.disconnect();
    this.watching.disconnect();
    this.chart.destroy();
  }

  // Hides line `index` or shows it again; gives whether it is shown.
  toggle(index) {
    if (!this.hidden.delete(index)) this.hidden.add(index);
    const place = 1 + 2 * this.order.indexOf(index);
    const show = !this.hidden.has(index);
    this.chart.batch(() => {
      this.chart.setSeries(place, { show }, false);
      this.chart.setSeries(place + 1, { show }, false);
      this.chart.setData(this.data());
    });
    return show;
  }

  showCursorAt(time) {
    const left = this.chart.valToPos(time, "x");
    this.chart.setCursor({ left, top: this.chart.bbox.height / devicePixelRatio / 2 });
  }

  hideCursor() { this.chart.setCursor({ left: -10, top: -10 }); }

  options() {
    const theme = () => this.hooks.theme();
    return {
      width: Math.max(120, Math.floor(this.root.clientWidth)),
      height: this.height,
      padding: [8, this.usesRight() ? 0 : TICK_TEXT / 2, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: true, auto: false, range: () => this.hooks.window() },
        left: { range: (_, low, high) => this.range("left", low, high) },
        right: { range: (_, low, high) => this.range("right", low, high) },
      },
      series: [{}, ...this.order.flatMap((index) => [this.series(index, false), this.series(index, true)])],
      axes: [this.timeAxis(), this.valueAxis("left"), ...(this.usesRight() ? [this.valueAxis("right")] : [])],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: 4 },
        sync: this.hooks.sync ? { key: this.hooks.sync, scales: ["x", null] } : undefined,
        points: { size: 6, width: 0, fill: (_, at) => colourOf(this.panel.meta, this.indexAt(at), theme()),
                  show: (_, at) => at % 2 === 1 && this.lineAt(at).kind !== "bar" && document.createElement("div") },
        bind: { dblclick: () => () => { this.hooks.onReset(); return null; } },
      },
      hooks: {
        drawClear: [() => this.drawBands()],
        draw: [() => this.drawThresholds(), () => this.drawMarks(), () => this.drawSeenFirst()],
        setSelect: [(chart) => this.selected(chart)],
        setCursor: [(chart) => this.hooks.onCursor(this, chart.cursor.left >= 0 ? chart.cursor.idx : null)],
      },
    };
  }

  usesRight() { return this.panel.meta.lines.some((line) => line.axis === "right"); }

  lineAt(place) { return this.panel.meta.lines[this.indexAt(place)]; }

  indexAt(place) { return this.order[Math.floor((place - 1) / 2)]; }

  series(index, tail) {
    const line = this.panel.meta.lines[index];
    const draw = pathsFor(line.kind);
    const colour = () => colourOf(this.panel.meta, index, this.hooks.theme());
    const isBar = line.kind === "bar";
    const settledTo = () => firstAtOrAfter(this.panel.times, this.panel.meta.settled[index]);
    return {
      label: line.name,
      scale: line.axis,
      stroke: isBar ? undefined : colour,
      width: isBar ? 0 : LINE_WIDTH + (line.emphasis ? 0.8 : 0),
      fill: isBar ? () => faded(colour(), tail ? 0.4 : 0.9) : line.kind === "area" ? () => faded(colour(), 0.12) : undefined,
      dash: tail || line.dash ? DASHES : undefined,
      points: { show: false, size: 4, width: 0, fill: colour, filter: (_, at, __, gaps) => (tail ? null : this.lonely(at, gaps)) },
      paths: (chart, at, from, to) => {
        const edge = settledTo();
        const first = tail ? Math.max(from, isBar ? edge : edge - 1, 0) : from;
        const last = tail ? to : Math.min(to, edge - 1);
        return first > last || (tail && edge >= this.panel.times.length) ? null : draw(chart, at, first, last);
      },
    };
  }

  // Points with a gap on both sides: no line reaches them.
  lonely(place, gaps) {
    const { kind } = this.lineAt(place);
    if (kind === "bar" || (!gaps?.length && this.panel.times.length > 1)) return null;
    const row = this.panel.rows[this.indexAt(place)];
    const near = (at, by) => {
      let next = at + by;
      while (row[next] === undefined && next >= 0 && next < row.length) next += by;
      return row[next];
    };
    const alone = [];
    row.forEach((value, at) => { if (value != null && near(at, -1) == null && near(at, 1) == null) alone.push(at); });
    return alone.length ? alone : null;
  }

  range(side, low, high) {
    const { meta } = this.panel;
    const limits = meta.thresholds.filter((each) => each.axis === side).map((each) => each.value);
    const seen = [low, high, ...limits, ...this.seenFirst(side)].filter((value) => value != null && Number.isFinite(value));
    let bottom = Math.min(...seen), top = Math.max(...seen);
    const isEmpty = !seen.length;
    if (isEmpty) { bottom = 0; top = 1; }
    const unit = side === "left" ? meta.unit : meta.right_unit;
    const atLeast = side === "left" ? meta.y_max : meta.right_max;
    const isBar = meta.lines.some((line) => line.axis === side && line.kind === "bar");
    if (meta.y_from_zero || isBar) { bottom = Math.min(0, bottom); top = Math.max(0, top); }
    if (atLeast !== null) top = Math.max(top, atLeast);
    else if (top > bottom && !isEmpty) top += (top - bottom) * 0.04;
    if (side === "left" && atLeast === null && meta.marks.some((mark) => mark.label)) top += (top - bottom) * 0.1; // room for their labels
    if (top === bottom) top = bottom + (Math.abs(bottom) || 1);
    const count = Math.max(2, Math.min(5, Math.floor(this.height / 36)));
    this.axes[side] = roundAxis(bottom, top, unit, count, atLeast !== null && top === atLeast);
    return [this.axes[side].min, this.axes[side].max];
  }

  // Values of a side's lines that were read before the ones that are drawn.
  seenFirst(side) {
    const { lines, revised } = this.panel.meta;
    return lines.flatMap((line, index) => this.marksSeen(index) && line.axis === side ? revised[index].map((each) => each.seen) : []);
  }

  // Bars stand on each other, so there only the tooltip says what was seen.
  marksSeen(index) { return this.panel.meta.lines[index].kind !== "bar" && !this.hidden.has(index); }

  axisBase() {
    const { font } = this.hooks.theme();
    return { font: `${FONT_SIZE}px ${font}`, stroke: () => this.hooks.theme().tones.muted };
  }

  timeAxis() {
    const { zone } = this.panel.meta;
    return {
      ...this.axisBase(),
      size: 24, gap: 6,
      grid: { show: false },
      ticks: { show: true, size: 4, width: 1, stroke: () => this.hooks.theme().line },
      border: { show: true, width: 1, stroke: () => this.hooks.theme().line },
      splits: (chart, _, from, to) => timeSplits(from, to, Math.max(2, chart.bbox.width / devicePixelRatio / TICK_SPACE), zone),
      values: (chart, splits) => splits.map((time) => tickTime(time, splits.length > 1 ? splits[1] - splits[0] : 60, zone)),
    };
  }

  valueAxis(side) {
    return {
      ...this.axisBase(),
      scale: side, side: side === "left" ? 3 : 1,
      gap: 6, ticks: { show: false },
      grid: { show: side === "left", width: 1, stroke: () => faded(this.hooks.theme().line, 0.8) },
      splits: () => this.axes[side].splits.filter((value) => value <= this.axes[side].max * (1 + 1e-9) || value <= 0),
      values: (_, splits) => splits.map((value) => tickText(value, this.axes[side])),
      size: (_, values) => {
        ruler.font = `${FONT_SIZE}px ${this.hooks.theme().font}`;
        return Math.max(36, 12 + Math.ceil(Math.max(0, ...(values || []).map((text) => ruler.measureText(text).width))));
      },
    };
  }

  selected(chart) {
    const { left, width } = chart.select;
    if (width <= 0) return;
    chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.hooks.onSelect(chart.posToVal(left, "x"), chart.posToVal(left + width, "x"));
  }

  drawBands() {
    const { ctx, bbox } = this.chart;
    const [from, to] = [this.chart.scales.x.min, this.chart.scales.x.max];
    for (const band of this.panel.meta.bands) {
      if (band.to <= from || band.from >= to) continue;
      const start = Math.max(bbox.left, this.chart.valToPos(band.from, "x", true));
      const end = Math.min(bbox.left + bbox.width, this.chart.valToPos(band.to, "x", true));
      ctx.fillStyle = faded(this.hooks.theme().tones[band.tone], 0.12);
      ctx.fillRect(start, bbox.top, Math.max(1, end - start), bbox.height);
    }
  }

  writing(draw) {
    const { ctx } = this.chart;
    ctx.save();
    ctx.font = `${FONT_SIZE * devicePixelRatio}px ${this.hooks.theme().font}`;
    ctx.lineJoin = "round";
    draw(ctx);
    ctx.restore();
  }

  // Text with a rim in the card's colour, so that lines do not run through it.
  write(ctx, text, x, y, colour) {
    ctx.strokeStyle = this.hooks.theme().card;
    ctx.lineWidth = 3 * devicePixelRatio;
    ctx.setLineDash([]);
    ctx.strokeText(text, x, y);
    ctx.fillStyle = colour;
    ctx.fillText(text, x, y);
  }

  // Names stand at the right end; one that would lie on another stands left of it.
  drawThresholds() {
    const { bbox } = this.chart;
    const { meta } = this.panel;
    const names = [];
    this.writing((ctx) => {
      for (const threshold of meta.thresholds) {
        if (!this.chart.scales[threshold.axis] || this.chart.scales[threshold.axis].min == null) continue;
        const y = Math.round(this.chart.valToPos(threshold.value, threshold.axis, true));
        const colour = this.hooks.theme().tones[threshold.tone];
        ctx.strokeStyle = colour;
        ctx.lineWidth = 1.2 * devicePixelRatio;
        ctx.setLineDash([5 * devicePixelRatio, 3 * devicePixelRatio]);
        ctx.beginPath();
        ctx.moveTo(bbox.left, y);
        ctx.lineTo(bbox.left + bbox.width, y);
        ctx.stroke();
        const unit = threshold.axis === "left" ? meta.unit : meta.right_unit;
        const near = y - bbox.top < 16 * devicePixelRatio;
        ctx.textAlign = "right";
        ctx.textBaseline = near ? "top" : "bottom";
        const text = `${threshold.label} ${written(threshold.value, unit)}`.trim();
        const at = y + (near ? 4 : -3) * devicePixelRatio;
        const beside = names.filter((other) => Math.abs(other.at - at) < (FONT_SIZE + 2) * devicePixelRatio);
        const right = Math.min(bbox.left + bbox.width + 6 * devicePixelRatio, ...beside.map((other) => other.left)) - 10 * devicePixelRatio;
        names.push({ at, left: right - ctx.measureText(text).width });
        this.write(ctx, text, right, at, colour);
      }
    });
  }

  drawMarks() {
    const { bbox } = this.chart;
    const { text } = this.hooks.theme();
    const size = 4 * devicePixelRatio;
    const end = bbox.left + bbox.width;
    const shown = this.panel.meta.marks.map((mark) => ({ mark, x: Math.round(this.chart.valToPos(mark.at, "x", true)) }))
      .filter(({ x }) => x >= bbox.left && x <= end).sort((one, other) => one.x - other.x);
    let freeFrom = bbox.left;
    this.writing((ctx) => {
      for (const [place, { mark, x }] of shown.entries()) {
        const colour = this.hooks.theme().tones[mark.tone];
        ctx.strokeStyle = faded(colour, 0.7);
        ctx.lineWidth = devicePixelRatio;
        ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        ctx.fillStyle = colour;
        ctx.beginPath();
        ctx.moveTo(x - size, bbox.top);
        ctx.lineTo(x + size, bbox.top);
        ctx.lineTo(x, bbox.top + size * 1.4);
        ctx.fill();
        const next = shown[place + 1] ? shown[place + 1].x - size : end;
        freeFrom = this.writeMark(ctx, mark, x, [freeFrom, next], text);
      }
    });
  }

  // A hollow point for each value that was read before the one that the line shows.
  drawSeenFirst() {
    const { bbox } = this.chart;
    const { meta } = this.panel;
    const theme = this.hooks.theme();
    this.writing((ctx) => {
      ctx.lineWidth = 1.5 * devicePixelRatio;
      ctx.setLineDash([]);
      ctx.fillStyle = theme.card;
      meta.lines.forEach((line, index) => {
        if (!this.marksSeen(index) || this.chart.scales[line.axis]?.min == null) return;
        ctx.strokeStyle = colourOf(meta, index, theme);
        for (const { at, seen } of meta.revised[index]) {
          const x = this.chart.valToPos(at, "x", true), y = this.chart.valToPos(seen, line.axis, true);
          if (x < bbox.left || x > bbox.left + bbox.width) continue;
          ctx.beginPath();
          ctx.arc(x, y, 3.5 * devicePixelRatio, 0, 2 * Math.PI);
          ctx.fill();
          ctx.stroke();
        }
      });
    });
  }

  // Writes the label right or left of its mark, where it hits no other mark or label; else not at all, the tooltip has
  // it. Gives where the next may begin.
  writeMark(ctx, mark, x, [freeFrom, freeTo], colour) {
    const { bbox } = this.chart;
    const width = ctx.measureText(mark.label).width;
    const gap = 6 * devicePixelRatio;
    const left = x + gap + width <= freeTo ? x + gap : x - gap - width;
    if (!mark.label || left < freeFrom) return Math.max(freeFrom, x + gap);
    ctx.textAlign = "left";
    ctx.textBaseline = "top";
    this.write(ctx, mark.label, left, bbox.top + 2 * devicePixelRatio, colour);
    return left + width + gap;
  }

  // Seconds that eight pixels are: as near as one comes to a mark with a mouse.
  reach() {
    const { min, max } = this.chart.scales.x;
    return ((max - min) / this.chart.bbox.width) * 8 * devicePixelRatio;
  }
}
