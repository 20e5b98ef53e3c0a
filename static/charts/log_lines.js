// Log lines: thousands of them in one list, of which only those in sight are elements. Every text is set as text.
import { make, sheetFrom } from "./theme.js";
import { copied, lineElement, detailElement } from "./log_line.js";

const sheet = await sheetFrom(new URL("./log_lines.css", import.meta.url).href);
const mounted = new WeakMap();
const AHEAD = 400; // pixels drawn beyond what is in sight
const GUESS = 25; // height of a line before it is measured
const KEPT = 20000; // lines that a tail holds
const KEY = 0, STREAM = 5;

class List {
  constructor(parent) {
    parent.adoptedStyleSheets = [sheet];
    this.root = make("div", "lines");
    this.tools = make("div", "tools");
    this.count = make("span", "count");
    this.count.setAttribute("role", "status");
    this.hold = this.tool("Pause", () => this.setHeld(!this.held));
    this.wrap = this.tool("Wrap lines", () => this.setWrap(this.wrap.getAttribute("aria-pressed") !== "true"));
    this.copy = this.tool("Copy lines", () => this.copyAll());
    this.tools.append(this.count, this.hold, this.wrap, this.copy);
    this.frame = make("div", "frame");
    this.view = make("div", "view");
    this.space = make("div", "space");
    this.space.setAttribute("role", "list");
    this.empty = make("p", "empty");
    this.newer = this.tool("", () => this.toNewest());
    this.newer.classList.add("newer");
    this.view.append(this.space, this.empty);
    this.frame.append(this.view, this.newer);
    this.root.append(this.tools, this.frame);
    parent.append(this.root);
    this.items = new Map(); // key → element in sight
    this.heights = new Map(); // key → pixels
    this.open = new Set();
    this.rows = [];
    this.keys = new Set();
    this.waiting = [];
    this.wrap.setAttribute("aria-pressed", "false");
    this.view.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.resizing = new ResizeObserver(() => this.resized());
    this.resizing.observe(this.view);
  }

  tool(text, act) {
    const button = make("button", "tool", text);
    button.type = "button";
    button.addEventListener("click", act);
    return button;
  }

  take({ data, setTriggerValue }) {
    this.send = (act, key, field = -1) => setTriggerValue("picked", { act, key, field });
    const said = new TextDecoder().decode(data);
    if (said === this.said) return;
    this.said = said;
    const sent = JSON.parse(said);
    const anew = sent.name !== this.name;
    [this.name, this.data] = [sent.name, sent];
    if (anew) this.begin(sent);
    this.view.style.height = "";
    this.view.style.maxHeight = `${sent.height}px`;
    this.root.classList.toggle("several", sent.several);
    this.space.setAttribute("aria-label", sent.label);
    this.hold.hidden = !sent.tail;
    if (sent.tail) this.merge(sent.lines, anew);
    else this.setRows(sent.lines, anew);
    if (anew && sent.anchor) this.toKey(sent.anchor);
  }

  // Another search, or another kind of list.
  begin(sent) {
    this.open = new Set(sent.anchor ? [sent.anchor] : []);
    [this.rows, this.waiting, this.keys] = [[], [], new Set()];
    [this.active, this.held, this.follow, this.dropped] = [null, false, sent.tail, 0];
    this.hold.textContent = "Pause";
    for (const element of this.items.values()) element.remove();
    this.items.clear();
    this.heights.clear();
    this.view.scrollTop = 0;
    if (sent.anchor) this.ask(sent.anchor);
  }

  // A tail's lines are joined with those that are here: each once, in the order of their time.
  merge(lines, anew) {
    const fresh = lines.filter((row) => !this.keys.has(row[KEY]));
    for (const row of fresh) this.keys.add(row[KEY]);
    if (this.held && !anew) this.waiting.push(...fresh);
    else this.setRows(this.bounded(ordered(this.rows, fresh)), anew);
    this.status();
  }

  bounded(rows) {
    const over = rows.length - KEPT;
    if (over <= 0) return rows;
    this.dropped += over;
    for (const row of rows.slice(0, over)) { this.keys.delete(row[KEY]); this.heights.delete(row[KEY]); }
    return rows.slice(over);
  }

  setHeld(held) {
    this.held = held;
    this.hold.textContent = held ? "Go on" : "Pause";
    this.hold.setAttribute("aria-pressed", String(held));
    if (!held) {
      const fresh = this.waiting;
      this.waiting = [];
      this.setRows(this.bounded(ordered(this.rows, fresh)), false);
    }
    this.status();
  }

  setRows(rows, anew) {
    const place = anew ? null : this.anchored();
    this.rows = rows;
    this.index = new Map(rows.map((row, at) => [row[KEY], at]));
    if (!place) this.seen = rows[0]?.[KEY];
    this.empty.textContent = rows.length ? "" : this.data.empty;
    this.empty.hidden = rows.length > 0;
    if (!this.index.has(this.active)) this.active = rows.length ? rows[this.data.tail ? rows.length - 1 : 0][KEY] : null;
    this.lay();
    if (this.follow) this.toEnd();
    else if (place) this.restore(place);
    this.draw();
    this.status();
  }

  // Which line stands at the top, and how far it is scrolled away; null where the list is at its very top and nobody
  // is looking at a line: there new lines may push the others down.
  anchored() {
    if (!this.tops || (this.view.scrollTop < 4 && !this.open.size && !this.root.matches(":focus-within"))) return null;
    const at = this.at(this.view.scrollTop);
    return this.rows[at] ? [this.rows[at][KEY], this.view.scrollTop - this.tops[at]] : null;
  }

  restore([key, offset]) {
    const at = this.index.get(key);
    if (at !== undefined) this.view.scrollTop = this.tops[at] + offset;
  }

  lay() {
    const guess = this.guess || GUESS;
    this.tops = new Float64Array(this.rows.length + 1);
    for (let at = 0; at < this.rows.length; at++) {
      this.tops[at + 1] = this.tops[at] + (this.heights.get(this.rows[at][KEY]) || guess);
    }
    this.space.style.height = `${this.tops[this.rows.length]}px`;
  }

  // The line at a height, by halving.
  at(height) {
    let low = 0, high = this.rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle] <= height) low = middle; else high = middle - 1;
    }
    return Math.max(0, low);
  }

  draw() {
    for (let round = 0; round < 4; round++) {
      this.place();
      if (!this.measure()) return;
      const place = this.anchored();
      this.lay();
      if (this.follow) this.view.scrollTop = this.view.scrollHeight;
      else if (place) this.restore(place);
    }
    this.place();
  }

  place() {
    const seen = new Set();
    if (this.rows.length) {
      const from = this.at(this.view.scrollTop - AHEAD);
      const to = this.at(this.view.scrollTop + (this.view.clientHeight || this.data.height) + AHEAD);
      for (let at = from; at <= to; at++) seen.add(at);
      const active = this.index.get(this.active);
      if (active !== undefined) seen.add(active); // what has the focus is never taken away
    }
    const keys = new Set([...seen].map((at) => this.rows[at][KEY]));
    for (const [key, element] of this.items) if (!keys.has(key)) { element.remove(); this.items.delete(key); }
    let before = null;
    for (const at of [...seen].sort((one, other) => one - other)) {
      const element = this.item(at);
      element.style.transform = `translateY(${this.tops[at]}px)`;
      const next = before ? before.nextSibling : this.space.firstChild;
      if (next !== element) this.space.insertBefore(element, next);
      before = element;
    }
  }

  item(at) {
    const row = this.rows[at], key = row[KEY];
    const detail = this.open.has(key) ? this.data.opened[key] || null : undefined;
    let element = this.items.get(key);
    if (!element || element.row !== row || element.detail !== detail) {
      const focus = element && this.focusOf(element);
      const fresh = this.build(row, detail);
      if (element) element.replaceWith(fresh);
      element = fresh;
      this.items.set(key, element);
      if (focus) this.refocus(element, focus);
    }
    element.setAttribute("aria-setsize", this.rows.length);
    element.setAttribute("aria-posinset", at + 1);
    element.firstChild.tabIndex = key === this.active ? 0 : -1;
    return element;
  }

  focusOf(element) {
    const focused = element.getRootNode().activeElement;
    return focused && element.contains(focused) ? focused.className : "";
  }

  refocus(element, className) {
    queueMicrotask(() => (element.querySelector(`.${className.split(" ")[0]}`) || element.firstChild).focus({ preventScroll: true }));
  }

  build(row, detail) {
    const key = row[KEY], element = make("div", "item");
    element.setAttribute("role", "listitem");
    [element.row, element.detail] = [row, detail];
    element.dataset.severity = row[2];
    element.classList.toggle("open", detail !== undefined);
    element.classList.toggle("anchor", key === this.data.anchor);
    const line = lineElement(row, { dated: this.dated() });
    line.setAttribute("aria-expanded", String(detail !== undefined));
    line.addEventListener("click", () => { if (!selecting(element)) { this.setActive(key); this.toggle(key); } });
    element.append(line);
    if (detail !== undefined) {
      element.append(detailElement(row, detail, {
        act: (act, field) => this.send(act, key, field), around: this.data.around, button: (text, act) => this.tool(text, act),
      }));
    }
    return element;
  }

  dated() {
    if (this.rows.length < 2) return false;
    const day = (row) => Math.floor(row[1] / 86400000);
    return day(this.rows[0]) !== day(this.rows.at(-1));
  }

  // Measures what is drawn; gives whether a height was other than thought.
  measure() {
    let changed = false;
    for (const [key, element] of this.items) {
      const height = element.offsetHeight;
      if (!height) continue;
      if (!this.guess && !this.open.has(key)) {
        this.guess = height;
        changed = changed || height !== GUESS;
      }
      if (this.heights.get(key) !== height) {
        changed = changed || (this.heights.get(key) || this.guess) !== height;
        this.heights.set(key, height);
      }
    }
    return changed;
  }

  scrolled() {
    const end = this.view.scrollHeight - this.view.clientHeight - this.view.scrollTop < 8;
    if (this.data?.tail) this.follow = end;
    if (this.view.scrollTop < 4) this.seen = this.rows[0]?.[KEY];
    this.draw();
    this.status();
  }

  resized() {
    if (!this.data || this.width === this.view.clientWidth) return;
    this.width = this.view.clientWidth;
    this.remeasured();
  }

  remeasured() {
    this.heights.clear();
    this.guess = 0;
    const place = this.anchored();
    this.lay();
    if (place) this.restore(place);
    this.draw();
    if (this.follow) this.toEnd();
  }

  setWrap(on) {
    this.wrap.setAttribute("aria-pressed", String(on));
    this.root.classList.toggle("wrap", on);
    this.remeasured();
  }

  toggle(key) {
    if (this.open.has(key)) this.open.delete(key);
    else { this.open.add(key); this.ask(key); }
    this.follow = false;
    this.heights.delete(key);
    this.lay();
    this.draw();
  }

  ask(key) { if (!this.data.opened[key]) this.send("open", key); }

  toKey(key) {
    const at = this.index.get(key);
    if (at === undefined) return;
    this.active = key;
    this.view.scrollTop = Math.max(0, this.tops[at] - this.view.clientHeight / 3);
    this.draw();
    this.view.scrollTop = Math.max(0, this.tops[at] - this.view.clientHeight / 3);
  }

  toNewest() {
    if (this.data.tail) { this.follow = true; this.toEnd(); return; }
    this.view.scrollTop = 0;
    this.scrolled();
  }

  toEnd() {
    this.view.scrollTop = this.view.scrollHeight;
    this.draw();
    this.view.scrollTop = this.view.scrollHeight;
  }

  setActive(key) {
    this.active = key;
    for (const [each, element] of this.items) element.firstChild.tabIndex = each === key ? 0 : -1;
  }

  key(event) {
    const onLine = event.target.closest?.(".line"), inside = event.target.closest?.(".item");
    if (event.key === "Escape" && inside) return this.close(event);
    if (!onLine) return;
    if ((event.key === "c" || event.key === "C") && (event.ctrlKey || event.metaKey) && !selecting(this.view)) {
      copied(this.rowText(this.rows[this.index.get(this.active)]));
      return;
    }
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.toggle(this.active); this.focus(); return; }
    const page = Math.max(1, Math.floor(this.view.clientHeight / (this.guess || GUESS)) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.move(steps[event.key]);
  }

  close(event) {
    event.preventDefault();
    if (this.open.has(this.active)) this.toggle(this.active);
    this.focus();
  }

  move(step) {
    const at = Math.min(this.rows.length - 1, Math.max(0, (this.index.get(this.active) ?? 0) + step));
    this.follow = false;
    this.setActive(this.rows[at][KEY]);
    const [top, bottom] = [this.tops[at], this.tops[at + 1]];
    if (top < this.view.scrollTop) this.view.scrollTop = top;
    else if (bottom > this.view.scrollTop + this.view.clientHeight) {
      this.view.scrollTop = Math.min(top, bottom - this.view.clientHeight);
    }
    this.draw();
    this.focus();
  }

  focus() { this.items.get(this.active)?.firstChild.focus({ preventScroll: true }); }

  rowText(row) { return `${new Date(row[1]).toISOString()} ${row[STREAM]} ${row[3]}`; }

  async copyAll() {
    const done = await copied(this.rows.map((row) => this.rowText(row)).join("\n"));
    this.copy.textContent = done ? "Copied" : "Not copied";
    setTimeout(() => { this.copy.textContent = "Copy lines"; }, 1500);
  }

  status() {
    const number = this.rows.length.toLocaleString("en");
    const parts = [`${number} ${this.rows.length === 1 ? "line" : "lines"}`];
    if (this.waiting.length) parts.push(`${this.waiting.length.toLocaleString("en")} new while paused`);
    if (this.dropped) parts.push(`the oldest ${this.dropped.toLocaleString("en")} were let go; a search finds them`);
    const text = parts.join(" · ");
    if (this.count.textContent !== text) this.count.textContent = text;
    const below = this.data?.tail && !this.follow && !this.held && this.rows.length > 0;
    const above = this.data?.tail ? 0 : this.index?.get(this.seen) || 0;
    this.newer.hidden = !below && !above;
    this.newer.classList.toggle("above", Boolean(above));
    this.newer.textContent = above ? `${above.toLocaleString("en")} newer ↑` : "Follow new lines ↓";
    this.copy.disabled = !this.rows.length;
  }

  destroy() { this.resizing.disconnect(); this.root.remove(); }
}

// Joins lines that came with those that were there; most come at the end.
function ordered(rows, fresh) {
  if (!fresh.length) return rows;
  const all = [...rows, ...fresh];
  const late = rows.length && fresh.some((row) => row[1] < rows.at(-1)[1]);
  return late ? all.sort((one, other) => one[1] - other[1]) : all;
}

function selecting(element) {
  const selection = element.getRootNode().getSelection?.() || document.getSelection();
  return Boolean(selection && !selection.isCollapsed && String(selection).length);
}

export default function mount(component) {
  const parent = component.parentElement;
  if (!mounted.has(parent)) mounted.set(parent, new List(parent));
  mounted.get(parent).take(component);
  return () => { mounted.get(parent)?.destroy(); mounted.delete(parent); };
}
