// Colours and fonts of the running theme, from the variables that Streamlit sets around a component.
const COLOUR = /#[0-9a-f]{3,8}|(?:rgb|hsl)a?\([^)]*\)/gi;

export function themeOf(element) {
  const style = getComputedStyle(element);
  const read = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  const series = read("--st-chart-categorical-colors", "").match(COLOUR) || ["#2360D8", "#D97A00", "#0B8A6C", "#A83D8F"];
  return {
    series,
    amber: series[1],  // a warning as an area; the warning colour of text is too heavy there
    text: read("--st-text-color", "#17202C"),
    card: read("--st-background-color", "#FFFFFF"),
    line: read("--st-border-color", "#DCE1E7"),
    font: read("--st-font", "Inter, sans-serif"),
    tones: {
      ok: read("--st-green-color", "#0B7A5E"),
      warning: read("--st-orange-color", "#9A4708"),
      alarm: read("--st-red-color", "#C62F1D"),
      info: read("--st-blue-color", "#2360D8"),
      muted: read("--st-gray-color", "#5B6776"),
    },
  };
}

export function faded(colour, alpha) {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(colour);
  if (!hex) return colour;
  const full = hex[1].length === 3 ? [...hex[1]].map((digit) => digit + digit).join("") : hex[1];
  const [red, green, blue] = [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16));
  return `rgba(${red},${green},${blue},${alpha})`;
}

// One style sheet for all mounts of a component, put into each shadow root.
export async function sheetFrom(url) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(await (await fetch(url)).text());
  return sheet;
}

// Loads a classic script once and gives the global that it sets.
export function globalFrom(url, name) {
  if (window[name]) return Promise.resolve(window[name]);
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window[name]);
    script.onerror = () => reject(new Error(`${url} did not load`));
    document.head.append(script);
  });
}

export function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

export const GLYPHS = { ok: "✓", warning: "▲", alarm: "✕", info: "◔", muted: "–" };
