// Bars on one scale of time. Every text is set as text; places come in percent.
import { make, sheetFrom } from "./theme.js";

const sheet = await sheetFrom(new URL("./bars.css", import.meta.url).href);
const mounted = new WeakMap();
const shade = (number) => (number < 0 ? "muted" : `shade${number % 5}`);

function row({ label, value, bad, parts, said }, limit) {
  const line = make("li", "row"), track = make("span", "track");
  line.title = `${label}: ${said}`;
  for (const { left, width, shade: number } of parts) {
    const part = make("span", `part ${shade(number)}`);
    part.style.left = `${left}%`;
    part.style.width = `max(2px, ${width}%)`;
    track.append(part);
  }
  if (limit) {
    const mark = make("span", "limit");
    mark.style.left = `${limit.at}%`;
    track.append(mark);
  }
  track.setAttribute("aria-hidden", "true");
  line.append(make("span", "label", label), track, make("span", bad ? "value bad" : "value", bad ? `✕ ${value}` : value));
  line.append(make("span", "unseen", said));
  return line;
}

class Chart {
  constructor(parent) {
    parent.adoptedStyleSheets = [sheet];
    this.root = make("figure", "bars");
    parent.append(this.root);
  }

  take({ data }) {
    const rows = make("ol", "rows"), legend = make("figcaption", "legend");
    rows.setAttribute("aria-label", data.title);
    rows.append(...data.rows.map((each) => row(each, data.limit)));
    for (const { shade: number, name } of data.legend) {
      const entry = make("span", "entry");
      entry.append(make("span", `swatch ${shade(number)}`), make("span", "", name));
      legend.append(entry);
    }
    if (data.limit) legend.append(make("span", "entry limited", `┊ ${data.limit.text}`));
    legend.append(make("span", "entry", `full width ${data.scale}`));
    this.root.replaceChildren(rows, legend);
  }

  destroy() { this.root.remove(); }
}

export default function mount(component) {
  const parent = component.parentElement;
  if (!mounted.has(parent)) mounted.set(parent, new Chart(parent));
  mounted.get(parent).take(component);
  return () => { mounted.get(parent)?.destroy(); mounted.delete(parent); };
}
