// The target-health grid: one real button a target, in its zone. Every text is set as text.
import { GLYPHS, make, sheetFrom } from "./theme.js";

const sheet = await sheetFrom(new URL("./targets.css", import.meta.url).href);
const mounted = new WeakMap();

function setText(element, text) { if (element.textContent !== text) element.textContent = text; }

class Grid {
  constructor(parent) {
    parent.adoptedStyleSheets = [sheet];
    this.root = make("div", "zones");
    this.note = make("p", "note");
    this.cells = new Map();
    this.zones = new Map();
    parent.append(this.root, this.note);
  }

  take({ data, setTriggerValue }) {
    this.send = setTriggerValue;
    setText(this.note, data.note);
    const seen = new Set();
    for (const zone of data.zones) this.zone(zone, seen);
    for (const [id, cell] of this.cells) if (!seen.has(id)) { cell.remove(); this.cells.delete(id); }
    const names = new Set(data.zones.map((zone) => zone.name));
    for (const [name, part] of this.zones) if (!names.has(name)) { part.remove(); this.zones.delete(name); }
  }

  zone({ name, targets }, seen) {
    let part = this.zones.get(name);
    if (!part) {
      part = make("section", "zone");
      part.append(make("h4", "", name), make("div", "cells"));
      part.setAttribute("aria-label", `Zone ${name}`);
      this.zones.set(name, part);
      this.root.append(part);
    }
    const healthy = targets.filter((target) => target.tone === "ok").length;
    setText(part.firstChild, `${name} · ${healthy} of ${targets.length} healthy`);
    targets.forEach((target, place) => {
      const id = `${name}/${target.id}`;
      seen.add(id);
      const cell = this.cell(id, target);
      if (part.lastChild.children[place] !== cell) part.lastChild.insertBefore(cell, part.lastChild.children[place] || null);
    });
  }

  // The same button stays over refreshes, so that focus does.
  cell(id, target) {
    let cell = this.cells.get(id);
    if (!cell) {
      cell = make("button", "target");
      cell.type = "button";
      cell.append(make("code"), make("span", "name"), make("strong"), make("span", "reason"), make("span", "since"));
      cell.addEventListener("click", () => this.send("picked", target.id));
      this.cells.set(id, cell);
    }
    const texts = [target.id, target.name, `${GLYPHS[target.tone]} ${target.state}`, target.reason, target.since];
    texts.forEach((text, place) => setText(cell.children[place], text));
    cell.dataset.tone = target.tone;
    cell.title = target.label;
    cell.setAttribute("aria-label", target.label);
    return cell;
  }

  destroy() { this.root.remove(); this.note.remove(); }
}

export default function mount(component) {
  const parent = component.parentElement;
  if (!mounted.has(parent)) mounted.set(parent, new Grid(parent));
  const grid = mounted.get(parent);
  grid.take(component);
  return () => { grid.destroy(); mounted.delete(parent); };
}
