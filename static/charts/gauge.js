// The spend gauge: half a ring in dollars. Drawn as SVG, node by node; every text is set with textContent.
import { make, sheetFrom } from "./theme.js";

const sheet = await sheetFrom(new URL("./gauge.css", import.meta.url).href);
const mounted = new WeakMap();
const SVG = "http" + "://www.w3.org/2000/svg"; // a name, nothing is fetched from there

function svg(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function draw({ label, arcs, needle, texts }) {
  const root = svg("svg", { viewBox: "0 0 220 150", role: "img", "aria-label": label });
  root.append(svg("title", {}, label));
  for (const [path, name] of arcs) root.append(svg("path", { d: path, class: name }));
  const [x1, y1, x2, y2] = needle;
  root.append(svg("line", { x1, y1, x2, y2, class: "needle" }), svg("circle", { cx: x1, cy: y1, r: 4, class: "hub" }));
  for (const [x, y, name, text] of texts) root.append(svg("text", { x, y, class: name }, text));
  return root;
}

export default function mount({ data, parentElement }) {
  if (!mounted.has(parentElement)) {
    parentElement.adoptedStyleSheets = [sheet];
    const figure = make("figure", "gauge");
    parentElement.append(figure);
    mounted.set(parentElement, figure);
  }
  const figure = mounted.get(parentElement);
  figure.replaceChildren(draw(data));
  return () => { figure.remove(); mounted.delete(parentElement); };
}
