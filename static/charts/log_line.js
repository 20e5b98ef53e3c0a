// One log line and what stands below it when it is open. Every text is set as text, never read as markup.
import { button, say } from "./log_tools.js";
import { make } from "./theme.js";

const WORDS = { fatal: "■ FATAL", error: "✕ ERROR", warning: "▲ WARN", info: "● INFO", debug: "○ DEBUG", unknown: "" };

// Puts a text into an element, the spans of what was looked for marked.
function fill(element, text, spans) {
  let at = 0;
  for (const [start, end] of spans) {
    element.append(text.slice(at, start), make("mark", "", text.slice(start, end)));
    at = end;
  }
  element.append(text.slice(at));
  return element;
}

// Python counts characters, a browser counts halves of those beyond U+FFFF.
function fitted(text, spans) {
  if (!/[\ud800-\udfff]/.test(text)) return spans;
  const places = [];
  let at = 0;
  for (const char of text) { places.push(at); at += char.length; }
  places.push(at);
  return spans.map(([start, end]) => [places[start] ?? at, places[end] ?? at]);
}

// The spans of what the pattern matched, and of what a person wants highlighted.
function marked(text, spans, needle) {
  const found = [...fitted(text, spans)];
  const low = needle ? text.toLowerCase() : "";
  for (let at = needle ? low.indexOf(needle) : -1; at >= 0; at = low.indexOf(needle, at + needle.length)) found.push([at, at + needle.length]);
  found.sort((one, other) => one[0] - other[0]);
  let end = 0;
  return found.flatMap(([start, stop]) => {
    const kept = [Math.max(start, end), stop];
    end = Math.max(end, stop);
    return kept[0] < kept[1] ? [kept] : [];
  });
}

export function lineElement([, milliseconds, severity, text, spans, stream], { dated, needle }) {
  const line = make("div", "line");
  line.setAttribute("role", "button");
  const full = new Date(milliseconds).toISOString();
  const time = make("time", "", dated ? full.slice(5, 23).replace("T", " ") : full.slice(11, 23));
  time.dateTime = full;
  time.title = `${full.replace("T", " ").replace("Z", "")} UTC`;
  const streamed = make("span", "stream", stream);
  streamed.title = stream;
  line.append(time, make("span", "severity", WORDS[severity]), fill(make("span", "text"), text, marked(text, spans, needle)), streamed);
  return line;
}

// `detail` is null while it is on its way: then the line's own text stands there.
export function detailElement([, , , text, spans, , request], detail, { act, around, needle }) {
  const box = make("div", "detail"), [whole, places] = detail ? [detail.text, detail.spans] : [text, spans];
  const pre = fill(make("pre"), whole, marked(whole, places, needle));
  pre.tabIndex = 0;
  pre.setAttribute("role", "group");
  pre.setAttribute("aria-label", "Whole line");
  box.append(pre);
  if (detail?.note) box.append(make("p", "note", detail.note));
  box.append(buttons({ act, around, request, text: whole }));
  if (detail?.facts.length) box.append(facts(detail.facts));
  if (detail?.fields.length) box.append(fields(detail.fields, act));
  return box;
}

function buttons({ act, around, request, text }) {
  const row = make("div", "buttons");
  const copy = button("Copy", async () => say(copy, (await copied(text)) ? "Copied" : "Not copied"));
  row.append(copy);
  if (around) row.append(button("Lines around it", () => act("around")));
  if (request) row.append(button("Same request", () => act("request")));
  return row;
}

function facts(pairs) {
  const list = make("dl", "facts");
  for (const [name, value] of pairs) {
    const pair = make("div");
    pair.append(make("dt", "", name), make("dd", "", value));
    list.append(pair);
  }
  return list;
}

function fields(rows, act) {
  const table = make("table"), body = make("tbody");
  table.setAttribute("aria-label", "Fields of this line");
  table.append(body);
  rows.forEach(([name, value, only, without], place) => {
    const row = make("tr"), acts = make("td", "acts"), head = make("th", "", name);
    head.scope = "row";
    for (const [can, text, what] of [[only, "Only this", "only"], [without, "Without it", "without"]]) {
      if (!can) continue;
      const one = button(text, () => act(what, place));
      one.setAttribute("aria-label", `${text}: ${name} ${value}`.slice(0, 200));
      acts.append(one);
    }
    row.append(head, make("td", "value", value), acts);
    body.append(row);
  });
  return table;
}

// Puts a text on the clipboard; gives whether that worked.
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = make("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
