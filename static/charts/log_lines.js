// Log lines: thousands of them in one list, of which only those in sight are elements. Every text is set as text.
import { Heights } from "./log_heights.js";
import { copied, detailElement, lineElement } from "./log_line.js";
import { button, say, Tools } from "./log_tools.js";
import { make, sheetFrom } from "./theme.js";

const sheet = await sheetFrom(new URL("./log_lines.css", import.meta.url).href);
const mounted = new WeakMap();
const AHEAD = 400; // pixels drawn beyond what is in sight
const KEPT = 20000; // lines that a tail holds
const KEY = 0, TEXT = 3, STREAM = 5;
const number = (count) => count.toLocaleString("en");

class List {
  constructor(parent) {
    parent.adoptedStyleSheets = [sheet];
    this.root = make("div", "lines");
    this.tools = new Tools({
      hold: () => this.setHeld(!this.held), wrap: () => this.setWrap(), copy: () => this.copyAll(),
      find: (text, step) => this.find(text, step),
    });
    this.frame = make("div", "frame");
    this.view = make("div", "view");
    this.space = make("div", "space");
    this.space.setAttribute("role", "list");
    this.empty = make("p", "empty");
    this.newer = button("", () => this.toNewest());
    this.newer.classList.add("newer");
    this.view.append(this.space, this.empty);
    this.frame.append(this.view, this.newer);
    this.root.append(this.tools.root, this.frame);
    parent.append(this.root);
    this.items = new Map(); // key → element in sight
    this.heights = new Heights();
    [this.rows, this.needle] = [[], ""];
    this.view.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.resizing = new ResizeObserver(() => this.resized());
    this.resizing.observe(this.view);
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
    for (const [key, detail] of Object.entries(sent.opened)) this.keepDetail(key, detail);
    this.view.style.maxHeight = `${sent.height}px`;
    this.root.classList.toggle("several", sent.several);
    this.space.setAttribute("aria-label", sent.label);
    this.tools.hold.hidden = !sent.tail;
    if (sent.tail) this.merge(sent.lines);
    else this.setRows(sent.lines, anew);
    if (anew && sent.anchor) this.toKey(sent.anchor);
    if (this.opening && this.details.has(this.opening)) this.reveal(this.opening);
  }

  // Another search, or another kind of list.
  begin(sent) {
    this.open = new Set(sent.anchor ? [sent.anchor] : []);
    this.details = new Map();
    [this.rows, this.waiting, this.keys] = [[], [], new Set()];
    [this.active, this.held, this.follow, this.dropped] = [null, false, sent.tail, 0];
    this.tools.setHeld(false);
    for (const element of this.items.values()) element.remove();
    this.items.clear();
    this.heights.clear();
    this.view.scrollTop = 0;
    if (sent.anchor) this.ask(sent.anchor);
  }

  // What is sent again and is the same stays the same object: the element of its line then stays too.
  keepDetail(key, detail) {
    const text = JSON.stringify(detail);
    if (this.details.get(key)?.text !== text) this.details.set(key, { text, detail });
  }

  // A tail's lines are joined with those that are here: each once, in the order of their time.
  merge(lines) {
    const fresh = lines.filter((row) => !this.keys.has(row[KEY]));
    for (const row of fresh) this.keys.add(row[KEY]);
    if (this.held) this.waiting.push(...fresh);
    else this.setRows(this.bounded(ordered(this.rows, fresh)), false);
    this.status();
  }

  bounded(rows) {
    const over = rows.length - KEPT;
    if (over <= 0) return rows;
    this.dropped += over;
    for (const row of rows.slice(0, over)) { this.keys.delete(row[KEY]); this.heights.forget(row[KEY]); }
    return rows.slice(over);
  }

  setHeld(held) {
    this.held = held;
    this.tools.setHeld(held);
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
    this.settle(place);
  }

  // Which line stands at the top, and how far it is scrolled away; null where the list is at its very top and nobody
  // is looking at a line: there new lines may push the others down.
  anchored() {
    if (!this.rows.length || (this.view.scrollTop < 4 && !this.open.size && !this.root.matches(":focus-within"))) return null;
    const at = this.heights.at(this.view.scrollTop);
    return [this.rows[at][KEY], this.view.scrollTop - this.heights.tops[at]];
  }

  // Lays the lines anew and draws those in sight, until what is drawn is as high as was thought.
  settle(place) {
    for (let round = 0; round < 5; round++) {
      this.heights.lay(this.rows.map((row) => row[KEY]));
      this.space.style.height = `${this.heights.total}px`;
      const at = place ? this.index.get(place[0]) : undefined;
      if (this.follow) this.view.scrollTop = this.view.scrollHeight;
      else if (at !== undefined) this.view.scrollTop = this.heights.tops[at] + place[1];
      this.place();
      if (!this.measure()) break;
    }
    this.status();
  }

  place() {
    const seen = new Set();
    if (this.rows.length) {
      const from = this.heights.at(this.view.scrollTop - AHEAD);
      const to = this.heights.at(this.view.scrollTop + (this.view.clientHeight || this.data.height) + AHEAD);
      for (let at = from; at <= to; at++) seen.add(at);
      const active = this.index.get(this.active);
      if (active !== undefined) seen.add(active); // what has the focus is never taken away
    }
    const keys = new Set([...seen].map((at) => this.rows[at][KEY]));
    for (const [key, element] of this.items) if (!keys.has(key)) { element.remove(); this.items.delete(key); }
    let before = null;
    for (const at of [...seen].sort((one, other) => one - other)) {
      const element = this.item(at);
      element.style.transform = `translateY(${this.heights.tops[at]}px)`;
      const next = before ? before.nextSibling : this.space.firstChild;
      if (next !== element) this.space.insertBefore(element, next);
      before = element;
    }
  }

  measure() {
    let changed = false;
    for (const [key, element] of this.items) {
      const height = element.offsetHeight;
      if (height && this.heights.take(key, height, { open: this.open.has(key) })) changed = true;
    }
    return changed;
  }

  item(at) {
    const row = this.rows[at], key = row[KEY];
    const detail = this.open.has(key) ? this.details.get(key)?.detail || null : undefined;
    const made = `${row[TEXT]}\n${JSON.stringify(row[4])}\n${this.needle}\n${key === this.data.anchor}\n${this.dated()}`;
    let element = this.items.get(key);
    if (!element || element.made !== made || element.detail !== detail) {
      const fresh = this.build(row, detail);
      [fresh.made, fresh.detail] = [made, detail];
      if (element) this.replace(element, fresh);
      element = fresh;
      this.items.set(key, element);
    }
    element.setAttribute("aria-setsize", this.rows.length);
    element.setAttribute("aria-posinset", at + 1);
    element.firstChild.tabIndex = key === this.active ? 0 : -1;
    return element;
  }

  // What had the focus in the old element has it in the new one.
  replace(old, fresh) {
    const focused = old.getRootNode().activeElement;
    const name = focused && old.contains(focused) ? focused.classList[0] || focused.localName : "";
    old.replaceWith(fresh);
    if (name) (fresh.querySelector(`.${name}, ${name}`) || fresh.firstChild).focus({ preventScroll: true });
  }

  build(row, detail) {
    const key = row[KEY], element = make("div", "item");
    element.setAttribute("role", "listitem");
    element.dataset.severity = row[2];
    element.classList.toggle("open", detail !== undefined);
    element.classList.toggle("anchor", key === this.data.anchor);
    const line = lineElement(row, { dated: this.dated(), needle: this.needle });
    line.setAttribute("aria-expanded", String(detail !== undefined));
    line.tabIndex = key === this.active ? 0 : -1;
    line.addEventListener("click", () => { if (!selecting(element)) { this.setActive(key); this.toggle(key); } });
    element.append(line);
    if (detail !== undefined) {
      const act = (what, field) => this.send(what, key, field);
      element.append(detailElement(row, detail, { act, around: this.data.around, needle: this.needle }));
    }
    return element;
  }

  dated() {
    const day = (row) => Math.floor(row[1] / 86400000);
    return this.rows.length > 1 && day(this.rows[0]) !== day(this.rows.at(-1));
  }

  scrolled() {
    if (!this.data) return;
    if (this.data.tail) this.follow = this.view.scrollHeight - this.view.clientHeight - this.view.scrollTop < 8;
    if (this.view.scrollTop < 4) this.seen = this.rows[0]?.[KEY];
    this.place();
    if (this.measure()) this.settle(this.anchored());
    this.status();
  }

  resized() {
    if (!this.data || this.width === this.view.clientWidth) return;
    this.width = this.view.clientWidth;
    this.remeasured();
  }

  remeasured() {
    const place = this.anchored();
    this.heights.clear();
    this.settle(place);
  }

  setWrap() {
    const on = this.tools.wrap.getAttribute("aria-pressed") !== "true";
    this.tools.wrap.setAttribute("aria-pressed", String(on));
    this.root.classList.toggle("wrap", on);
    this.remeasured();
  }

  toggle(key) {
    const place = this.anchored();
    if (!this.open.delete(key)) { this.open.add(key); this.ask(key); }
    this.follow = false;
    this.heights.forget(key);
    this.settle(place);
    if (this.open.has(key)) this.reveal(key);
  }

  // Brings an open line into sight with what stands below it, its beginning first.
  reveal(key) {
    const at = this.index.get(key);
    if (at === undefined) return;
    const top = this.heights.tops[at], over = this.heights.tops[at + 1] - this.view.scrollTop - this.view.clientHeight;
    if (over > 0) this.view.scrollTop = Math.min(top, this.view.scrollTop + over);
    this.opening = this.details.has(key) ? null : key;
    this.place();
  }

  ask(key) { if (!this.details.has(key)) this.send("open", key); }

  toKey(key) {
    const at = this.index.get(key);
    if (at === undefined) return;
    this.follow = false;
    this.setActive(key);
    this.settle([key, -this.view.clientHeight / 3]);
  }

  toNewest() {
    if (this.data.tail) this.follow = true;
    else this.view.scrollTop = 0;
    this.settle(null);
    this.scrolled();
  }

  setActive(key) {
    this.active = key;
    for (const [each, element] of this.items) element.firstChild.tabIndex = each === key ? 0 : -1;
  }

  key(event) {
    const onLine = event.target.closest?.(".line");
    if (event.key === "Escape" && event.target.closest?.(".item")) return this.close(event);
    if (!onLine) return;
    if (event.key.toLowerCase() === "c" && (event.ctrlKey || event.metaKey) && !selecting(this.view)) {
      copied(rowText(this.rows[this.index.get(this.active)]));
      return;
    }
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.toggle(this.active); this.focus(); return; }
    const page = Math.max(1, Math.floor(this.view.clientHeight / this.heights.line) - 1);
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
    this.goTo(at);
    this.focus();
  }

  goTo(at) {
    this.follow = false;
    this.setActive(this.rows[at][KEY]);
    const [top, bottom] = [this.heights.tops[at], this.heights.tops[at + 1]];
    if (top < this.view.scrollTop) this.view.scrollTop = top;
    else if (bottom > this.view.scrollTop + this.view.clientHeight) this.view.scrollTop = Math.min(top, bottom - this.view.clientHeight);
    this.place();
    if (this.measure()) this.settle(this.anchored());
  }

  focus() { this.items.get(this.active)?.firstChild.focus({ preventScroll: true }); }

  // Marks a text in the lines; `step` goes to the next line with it, or to the one before.
  find(text, step) {
    this.needle = text.toLowerCase();
    const holds = (row) => this.needle && row[TEXT].toLowerCase().includes(this.needle);
    const found = this.rows.reduce((all, row, at) => { if (holds(row)) all.push(at); return all; }, []);
    this.found = this.needle ? found.length : undefined;
    const here = this.index?.get(this.active) ?? 0;
    const next = step > 0 ? found.find((at) => at > here) ?? found[0] : found.findLast((at) => at < here) ?? found.at(-1);
    if (step && next !== undefined) this.goTo(next);
    this.settle(this.anchored());
  }

  async copyAll() {
    say(this.tools.copy, (await copied(this.rows.map(rowText).join("\n"))) ? "Copied" : "Not copied");
  }

  status() {
    const all = this.rows.length;
    this.tools.setCount([
      `${number(all)} ${all === 1 ? "line" : "lines"}`,
      this.found !== undefined && `${number(this.found)} highlighted`,
      this.held && `${number(this.waiting.length)} new while paused`,
      this.dropped && `the oldest ${number(this.dropped)} were let go; a search finds them`,
    ], this.data.tail);
    const below = this.data.tail && !this.follow && !this.held && all > 0;
    const above = this.data.tail ? 0 : this.index.get(this.seen) || 0;
    this.newer.hidden = !below && !above;
    this.newer.classList.toggle("above", Boolean(above));
    this.newer.textContent = above ? `${number(above)} newer ↑` : "Follow new lines ↓";
    this.tools.copy.disabled = !all;
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

function rowText(row) { return `${new Date(row[1]).toISOString()} ${row[STREAM]} ${row[TEXT]}`; }

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
