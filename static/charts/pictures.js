// Small pictures of the alarm form: M of N as boxes, the steps of a scaling policy as stairs. Drawn as SVG, node by node.
import { make, sheetFrom } from "./theme.js";

const sheet = await sheetFrom(new URL("./pictures.css", import.meta.url).href);
const mounted = new WeakMap();
const BOX = 18, SPACE = 4, LEAST = 5, ROW = 312;
const STEP = 84, TALL = 46, MARGIN = 22;

const SVG = "http" + "://www.w3.org/2000/svg"; // a name, nothing is fetched from there

function svg(tag, attributes = {}, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// A canvas of `width` × `height` that shrinks with its room and says what it shows.
function sheetOf(width, height, label) {
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  root.append(svg("title", {}, label));
  return root;
}

function hatched(root) {
  const pattern = svg("pattern", { id: "missing", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(svg("line", { x1: 0, y1: 0, x2: 0, y2: 5, class: "hatch" }));
  const defs = svg("defs");
  defs.append(pattern);
  root.append(defs);
}

// One box a datapoint, the newest on the right; a long window is a bar.
function windowPicture({ points, filled, before, label, example }) {
  const count = points.length;
  const pitch = count ? Math.max(LEAST, Math.min(BOX + SPACE, ROW / count)) : 0;
  const full = count ? pitch * count : ROW, width = Math.max(130, full);
  const root = sheetOf(width, BOX + 20, label);
  hatched(root);
  const gap = pitch > 12 ? SPACE : 1.5;
  points.forEach((point, place) => {
    root.append(svg("rect", { x: place * pitch + gap / 2, y: 1, width: pitch - gap, height: BOX, rx: Math.min(4, pitch / 5),
                              class: `box ${point}${example ? " example" : ""}` }));
    if (point === "missing" && pitch > 12) root.append(svg("text", { x: (place + 0.5) * pitch, y: 14.5, class: "glyph" }, "?"));
  });
  if (!count) {
    root.append(svg("rect", { x: 1, y: 1, width: full - 2, height: BOX, rx: 4, class: "box within" }));
    root.append(svg("rect", { x: 1 + (full - 2) * (1 - filled), y: 1, width: (full - 2) * filled, height: BOX, rx: 4,
                              class: `box breaching${example ? " example" : ""}` }));
  }
  const y = BOX + 16;
  if (full >= 130) root.append(svg("text", { x: 1, y, class: "small" }, `${before} ago`), svg("text", { x: full - 1, y, class: "small end" }, "newest"));
  else root.append(svg("text", { x: 1, y, class: "small" }, count === 1 ? "the newest" : `${before} ago → newest`));
  return root;
}

// One column a step, as high as its number; the threshold stands between columns.
function stepsPicture({ steps, threshold, threshold_at: at, now, label }) {
  const width = Math.max(1, steps.length) * STEP + 2 * MARGIN, middle = MARGIN + TALL, row = now ? 14 : 0;
  const down = steps.some((step) => step.size < 0), up = steps.some((step) => step.size > 0) || !down;
  const zero = up ? middle : MARGIN, height = zero + (down ? TALL + 12 : 0) + 24 + row;
  const root = sheetOf(width, height, label);
  const most = Math.max(1, ...steps.map((step) => Math.abs(step.size)));
  steps.forEach((step, place) => {
    const tall = Math.max(2, (Math.abs(step.size) / most) * TALL), x = MARGIN + place * STEP;
    const y = step.size < 0 ? zero : zero - tall;
    root.append(svg("rect", { x: x + 1, y, width: STEP - 2, height: tall, class: `stair${step.here ? " here" : ""}` }));
    root.append(svg("text", { x: x + STEP / 2, y: step.size < 0 ? y + tall + 12 : y - 5, class: "size" }, step.text));
  });
  const floor = height - 20 - row;
  root.append(svg("line", { x1: MARGIN / 2, x2: width - MARGIN / 2, y1: zero, y2: zero, class: "ground" }));
  const edges = steps.map((step) => step.low).concat(steps.at(-1)?.high ?? "");
  edges.forEach((text, place) => {
    if (place === at) return;
    const open = place ? "→" : "←"; // no end on this side
    root.append(svg("text", { x: MARGIN + place * STEP, y: floor + 14, class: "small middle" }, text || open));
  });
  if (at !== null && at !== undefined) {
    const x = MARGIN + at * STEP;
    root.append(svg("line", { x1: x, x2: x, y1: 4, y2: floor + 2, class: "threshold" }),
                svg("text", { x, y: floor + 14, class: "limit" }, threshold));
  }
  const here = steps.findIndex((step) => step.here);
  if (now && here >= 0) root.append(svg("text", { x: MARGIN + (here + 0.5) * STEP, y: floor + 28, class: "small middle now" }, `▲ now ${now}`));
  return root;
}

class Picture {
  constructor(parent) {
    parent.adoptedStyleSheets = [sheet];
    this.root = make("figure", "picture");
    this.caption = make("figcaption");
    parent.append(this.root);
  }

  take({ data }) {
    this.caption.textContent = data.caption || "";
    this.root.replaceChildren(data.picture === "window" ? windowPicture(data) : stepsPicture(data), this.caption);
  }

  destroy() { this.root.remove(); }
}

export default function mount(component) {
  const parent = component.parentElement;
  if (!mounted.has(parent)) mounted.set(parent, new Picture(parent));
  const picture = mounted.get(parent);
  picture.take(component);
  return () => { picture.destroy(); mounted.delete(parent); };
}
