// The sweep as a heat map: thresholds × M of N, one colour from none to most, a real grid for keyboards and readers.
import { make } from "./theme.js";
import { written } from "./unit.js";

const NARROW = 620; // pixels, below which thresholds run down the page
const HEADINGS = { window: 28, threshold: 38 }; // pixels that each needs above its column
const ROOM = 24; // pixels that a number needs
const STRONGEST = 55; // percent of the hue, so that text stays readable on it in both themes
const MEASURES = { pages: ["Pages", "page", "pages"], false_alarms: ["False alarms", "false alarm", "false alarms"],
                   missed: ["Missed", "incident missed", "incidents missed"] };

function counted(number, kind) { return `${number} ${MEASURES[kind][number === 1 ? 1 : 2]}`; }

// Counts are spread by their logarithm: between 0 and 5 pages lies what matters, between 500 and 1,000 nothing.
function shade(count, most) { return most ? ((STRONGEST * Math.log1p(count)) / Math.log1p(most)).toFixed(1) : "0"; }

function choiceButtons(className, label) {
  const group = make("div", `choices ${className}`);
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", label);
  return group;
}

export class Heat {
  // hooks: onChoose(choice), onHover(threshold | null)
  constructor(id, hooks) {
    this.hooks = hooks;
    this.period = null; // as the viewer picked it; null: the alarm's own
    this.measure = "pages";
    this.spot = null; // [window, threshold] that the keyboard stands on
    this.root = make("section", "card heat");
    this.title = make("h3", "", "Other settings");
    this.title.id = `${id}-heat`;
    this.root.setAttribute("aria-labelledby", this.title.id);
    this.periods = choiceButtons("periods", "Period");
    this.measures = choiceButtons("measures", "What the numbers count");
    const head = make("header");
    head.append(this.title, this.measures, this.periods);
    this.note = make("p", "hint");
    this.table = make("table");
    this.table.setAttribute("role", "grid");
    this.frame = make("div", "gridframe");
    this.frame.append(this.table);
    this.said = make("p", "said");
    this.scale = make("div", "scale");
    const foot = make("footer");
    foot.append(this.said, this.scale);
    this.root.append(head, this.note, this.frame, foot);
    this.listen();
    this.resizing = new ResizeObserver(() => this.resized());
    this.resizing.observe(this.root);
  }

  listen() {
    const over = (event) => this.keyOf(event.target.closest?.("td"));
    this.table.addEventListener("mouseover", (event) => this.showFor(over(event)));
    this.table.addEventListener("mouseleave", () => this.showFor(null));
    this.table.addEventListener("focusin", (event) => { this.spot = over(event) || this.spot; this.rove(); this.showFor(this.spot); });
    this.table.addEventListener("focusout", () => this.showFor(null));
    this.table.addEventListener("click", (event) => this.choose(over(event)));
    this.table.addEventListener("keydown", (event) => this.key(event));
  }

  keyOf(cell) { return cell ? [Number(cell.dataset.w), Number(cell.dataset.t)] : null; }

  take({ heat, name, current, note, unit, movable }) {
    const other = this.name !== name || this.unit !== unit;
    if (this.current?.period !== current?.period) this.period = null; // another period in the form is looked at
    Object.assign(this, { heat, name, current, unit, movable });
    this.root.hidden = !heat && !note;
    this.note.textContent = note;
    this.frame.hidden = !heat;
    this.said.parentNode.hidden = !heat;
    if (!heat) { this.measures.replaceChildren(); this.periods.replaceChildren(); return; }
    if (other) this.keepChoice();
    this.fill();
  }

  keepChoice() {
    if (!this.heat.periods.includes(this.period)) this.period = null;
    if (!this.heat[this.measure]) this.measure = "pages";
  }

  shownPeriod() { return this.period ?? this.current?.period ?? this.heat.periods[0]; }

  periodText(period) { return this.heat.period_texts[this.heat.periods.indexOf(period)]; }

  isNarrow() { return this.root.clientWidth > 0 && this.root.clientWidth < NARROW; }

  resized() {
    if (!this.heat) return;
    if (this.narrow !== this.isNarrow()) this.fill();
    this.tighten();
  }

  tighten() {
    const cell = this.table.querySelector("td");
    if (!cell?.clientWidth) return;
    this.root.classList.toggle("tight", cell.clientWidth < ROOM);
    const every = Math.ceil(HEADINGS[this.narrow ? "window" : "threshold"] / (cell.clientWidth + 2)); // columns share a heading where there is no room for each
    const headings = [...this.table.rows[0].cells].slice(1);
    const fits = (place) => place % every === 0 && place + every <= headings.length;
    headings.forEach((heading, place) => heading.classList.toggle("untold", !fits(place)));
  }

  fill() {
    this.buttons(this.measures, Object.keys(MEASURES).filter((each) => this.heat[each]), this.measure,
                 (each) => MEASURES[each][0], (each) => { this.measure = each; });
    this.buttons(this.periods, this.heat.periods, this.shownPeriod(), (each) => this.periodText(each), (each) => { this.period = each; });
    this.build();
    this.colour();
    this.rove();
    this.showFor(null);
    this.tighten();
  }

  // Real buttons that stay over refreshes; a single choice needs none.
  buttons(group, values, chosen, textOf, take) {
    const shown = values.length > 1 ? values : [];
    while (group.children.length > shown.length) group.lastChild.remove();
    shown.forEach((value, place) => {
      let button = group.children[place];
      if (!button) {
        button = make("button");
        button.type = "button";
        group.append(button);
      }
      button.textContent = textOf(value);
      button.setAttribute("aria-pressed", String(value === chosen));
      button.onclick = () => { take(value); this.fill(); };
    });
    group.hidden = !shown.length;
  }

  // Rows and columns by what there is room for; cells are made anew only when the axes change.
  build() {
    const { windows, thresholds } = this.heat;
    this.narrow = this.isNarrow();
    const shape = JSON.stringify([windows, thresholds, this.narrow, this.unit]);
    if (this.shape === shape) return;
    this.shape = shape;
    const held = this.table.getRootNode().activeElement;
    const focused = held && this.table.contains(held);
    const limits = thresholds.map((value, t) => ({ t, text: written(value, this.unit), label: written(value, this.unit) }));
    const pairs = windows.map(([m, n], w) => ({ w, text: `${m}/${n}`, label: `${m} of ${n}` }));
    const [rows, columns] = this.narrow ? [limits.reverse(), pairs] : [pairs, limits];
    this.cells = new Map();
    const top = make("tr");
    top.setAttribute("role", "row");
    top.append(this.corner(), ...columns.map((column) => this.heading(column, "columnheader")));
    this.table.replaceChildren(top, ...rows.map((row) => {
      const line = make("tr");
      line.setAttribute("role", "row");
      line.append(this.heading(row, "rowheader"), ...columns.map((column) => this.cell({ ...row, ...column })));
      return line;
    }));
    if (!this.spot || !this.cells.has(this.spot.join())) this.spot = null;
    if (focused) this.focusSpot();
  }

  corner() {
    const cell = make("th", "corner", this.narrow ? "Threshold" : "M/N");
    cell.setAttribute("role", "columnheader");
    return cell;
  }

  heading({ text, label }, role) {
    const cell = make("th", "", text);
    cell.setAttribute("role", role);
    cell.title = label;
    return cell;
  }

  cell({ w, t }) {
    const cell = make("td");
    cell.setAttribute("role", "gridcell");
    [cell.dataset.w, cell.dataset.t] = [w, t];
    cell.append(make("span"));
    this.cells.set(`${w},${t}`, cell);
    return cell;
  }

  plane() { return this.heat[this.measure][this.heat.periods.indexOf(this.shownPeriod())]; }

  isCurrent(w, t) {
    const { current } = this;
    const [m, n] = this.heat.windows[w];
    return Boolean(current) && current.period === this.shownPeriod() && current.m === m && current.n === n && current.threshold === this.heat.thresholds[t];
  }

  // A setting that catches every marked incident and nothing else.
  isClean(w, t) {
    const p = this.heat.periods.indexOf(this.shownPeriod());
    return Boolean(this.heat.missed) && this.heat.missed[p][w][t] === 0 && this.heat.false_alarms?.[p][w][t] === 0;
  }

  colour() {
    const plane = this.plane();
    const most = Math.max(0, ...this.heat[this.measure].flat(2));
    for (const [key, cell] of this.cells) {
      const [w, t] = key.split(",").map(Number);
      const count = plane[w][t];
      cell.style.setProperty("--heat", `${shade(count, most)}%`);
      cell.firstChild.textContent = String(count);
      cell.classList.toggle("none", count === 0);
      cell.classList.toggle("clean", this.isClean(w, t));
      cell.setAttribute("aria-selected", String(this.isCurrent(w, t)));
      cell.setAttribute("aria-label", this.words(w, t) + (this.isCurrent(w, t) ? ". As it is now" : ""));
    }
    this.fillScale(most);
  }

  words(w, t) {
    const p = this.heat.periods.indexOf(this.shownPeriod());
    const [m, n] = this.heat.windows[w];
    const counts = Object.keys(MEASURES).filter((each) => this.heat[each]).map((each) => counted(this.heat[each][p][w][t], each));
    return `${written(this.heat.thresholds[t], this.unit)}, ${m} of ${n}, ${this.heat.period_texts[p]}: ${counts.join(", ")}`;
  }

  fillScale(most) {
    const steps = [0, 0.25, 0.5, 0.75, 1].map((share) => {
      const step = make("i");
      step.style.setProperty("--heat", `${STRONGEST * share}%`);
      return step;
    });
    const mark = make("span", "now", "now");
    const clean = make("span", "cleanmark", "catches all, nothing else");
    this.scale.replaceChildren(make("span", "", "0"), ...steps, make("span", "", counted(most, this.measure)),
                               ...(this.current ? [mark] : []), ...(this.heat.missed ? [clean] : []));
  }

  currentSpot() {
    for (const key of this.cells.keys()) {
      const [w, t] = key.split(",").map(Number);
      if (this.isCurrent(w, t)) return [w, t];
    }
    return [0, 0];
  }

  // One cell of the grid is in the tab order.
  rove() {
    const spot = (this.spot || this.currentSpot()).join();
    for (const [key, cell] of this.cells) cell.tabIndex = key === spot ? 0 : -1;
  }

  focusSpot() {
    this.rove();
    this.cells.get((this.spot || this.currentSpot()).join())?.focus();
  }

  showFor(spot) {
    const shown = spot || (this.table.matches(":focus-within") ? this.spot : null);
    this.said.textContent = shown ? this.words(...shown) : this.movable ? "Click a cell to take its setting." : "";
    this.hooks.onHover(shown ? this.heat.thresholds[shown[1]] : null);
  }

  key(event) {
    const right = { ArrowRight: 1, ArrowLeft: -1 }[event.key], down = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const end = { Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Enter" || event.key === " ") this.choose(this.spot);
    else if (right || end) this.move(right || end, 0);
    else if (down) this.move(0, down);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  move(right, down) {
    const [w, t] = this.spot || this.currentSpot();
    const held = (at, count) => Math.max(0, Math.min(count - 1, at));
    const { windows, thresholds } = this.heat;
    this.spot = this.narrow ? [held(w + right, windows.length), held(t - down, thresholds.length)]
      : [held(w + down, windows.length), held(t + right, thresholds.length)];
    this.focusSpot();
  }

  choose(spot) {
    if (!spot || !this.movable || this.isCurrent(...spot)) return;
    this.spot = spot;
    const [m, n] = this.heat.windows[spot[0]];
    this.hooks.onChoose({ threshold: this.heat.thresholds[spot[1]], m, n, period: this.shownPeriod() });
  }

  destroy() { this.resizing.disconnect(); this.root.remove(); }
}
