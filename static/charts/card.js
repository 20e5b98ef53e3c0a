// What stands around a chart, whoever draws it: title, status, legend, clock. Every text is set as text.
import { instant } from "./clock.js";
import { GLYPHS, make } from "./theme.js";

export function setText(element, text) { if (element.textContent !== text) element.textContent = text; }

export function swatch(line) { return make("i", `swatch ${line.kind}${line.dash ? " dashed" : ""}`); }

export function colourOf(meta, index, theme) {
  const line = meta.lines[index];
  if (line.tone) return line.tone === "warning" ? theme.amber : theme.tones[line.tone];
  const rank = meta.lines.slice(0, index).filter((each) => !each.tone).length;
  return theme.series[rank % theme.series.length];
}

export class Card {
  constructor(id, height) {
    this.root = make("section", "card");
    this.title = make("h3");
    this.title.id = id.replace(/[^\w-]/g, "_");
    this.root.setAttribute("aria-labelledby", this.title.id);
    this.subtitle = make("span", "subtitle");
    this.status = make("span", "status");
    const head = make("header");
    head.append(this.title, this.subtitle, this.status);
    this.frame = make("div", "frame");
    this.frame.setAttribute("role", "img");
    this.frame.style.minHeight = `${height}px`;
    this.legend = make("div", "legend");
    this.reset = make("button", "reset", "Reset zoom");
    this.reset.type = "button";
    this.reset.hidden = true;
    this.clock = make("span", "clock");
    const foot = make("footer");
    foot.append(this.legend, this.reset, this.clock);
    this.root.append(head, this.frame, foot);
  }

  fillHead(meta) {
    setText(this.title, meta.title);
    setText(this.subtitle, meta.subtitle);
    setText(this.status, meta.status ? `${GLYPHS[meta.status.tone]} ${meta.status.text}` : "");
    this.status.dataset.tone = meta.status?.tone || "";
  }

  fillClock(text, zoomed) {
    setText(this.clock, text);
    this.reset.hidden = !zoomed;
  }

  // One button a line; pressing hides the line and shows it again.
  buildLegend(lines, toggle) {
    this.legend.replaceChildren(...lines.map((line, index) => {
      const entry = make("button");
      entry.type = "button";
      entry.setAttribute("aria-pressed", "true");
      entry.append(swatch(line), make("span", "name", line.name), make("b"));
      entry.title = line.name;
      entry.addEventListener("click", () => entry.setAttribute("aria-pressed", String(toggle(index))));
      return entry;
    }));
  }

  fillLegend(texts) { texts.forEach((text, index) => setText(this.legend.children[index].lastChild, text)); }

  colour(meta, theme, places = []) {
    meta.lines.forEach((_, index) => {
      for (const row of [this.legend.children, ...places]) {
        row[index].firstChild.style.setProperty("--colour", colourOf(meta, index, theme));
      }
    });
  }
}

// The box beside the crosshair: time, a row a line, and what happened then.
export class Tip {
  constructor(frame) {
    this.frame = frame;
    this.root = make("div", "tip");
    this.root.hidden = true;
    this.time = make("div", "when");
    this.rows = [];
    this.events = make("div", "events");
    frame.append(this.root);
  }

  build(lines) {
    this.rows = lines.map((line) => {
      const row = make("div", "row");
      row.append(swatch(line), make("span", "name", line.name), make("b"));
      return row;
    });
    this.root.replaceChildren(this.time, ...this.rows, this.events);
  }

  // `texts`: one a line, null where the line has no point at `time`; `left`: of the crosshair, in pixels of the frame.
  show({ time, zone, texts, events, left }) {
    setText(this.time, zone === "UTC" ? `${instant(time, zone)} UTC` : instant(time, zone));
    texts.forEach((text, place) => {
      setText(this.rows[place].lastChild, text ?? "");
      this.rows[place].hidden = text === null;
    });
    this.events.replaceChildren(...events.map((event) => {
      const line = make("div", "event", `${GLYPHS[event.tone]} ${event.text}`);
      line.dataset.tone = event.tone;
      return line;
    }));
    this.root.hidden = false;
    const width = this.root.offsetWidth, room = this.frame.clientWidth;
    const place = left + 14 + width <= room ? left + 14 : Math.max(0, left - 14 - width);
    this.root.style.transform = `translate(${Math.round(place)}px, 10px)`;
  }

  hide() { this.root.hidden = true; }

  // The same in one sentence, for those who hear it.
  said() {
    const values = this.rows.filter((row) => !row.hidden).map((row) => `${row.children[1].textContent} ${row.lastChild.textContent}`);
    return [this.time.textContent, ...values, this.events.textContent].filter(Boolean).join(", ");
  }
}

// Marks within `reach` seconds of `time`, bands over it, and what its datapoints were read as before they changed.
export function eventsAt(meta, time, reach) {
  return [
    ...meta.marks.filter((mark) => Math.abs(mark.at - time) <= reach)
      .map((mark) => ({ tone: mark.tone, text: [mark.label, mark.detail].filter(Boolean).join(": ") })),
    ...meta.bands.filter((band) => band.from <= time && time < band.to)
      .map((band) => ({ tone: band.tone, text: `${band.label || "Shaded"} since ${instant(band.from, meta.zone)}` })),
    ...meta.lines.flatMap((line, index) => meta.revised[index].filter((each) => each.at === time)
      .map((each) => ({ tone: "info", text: `${line.name} ${each.text}` }))),
  ];
}
