// The row above the workbench's chart: what a hand may do there, the marked incidents, and the way to mark another.
import { setText } from "./card.js";
import { instant } from "./clock.js";
import { make } from "./theme.js";

export class Marking {
  // hooks: onMark(from, to), onRemove(from, to), onMode(on)
  constructor(hooks) {
    this.hooks = hooks;
    this.on = false; // dragging marks, without Shift
    this.root = make("div", "tools");
    this.hint = make("p", "hint");
    this.marked = make("div", "marked");
    this.button = make("button", "tool", "Mark an incident");
    this.button.type = "button";
    this.button.setAttribute("aria-pressed", "false");
    this.button.addEventListener("click", () => this.turn(!this.on));
    this.spoken = make("div", "unseen");
    this.spoken.setAttribute("aria-live", "polite");
    this.root.append(this.hint, this.marked, this.button);
  }

  take(view, zone) {
    Object.assign(this, { view, zone });
    const { markable, incidents } = view;
    if (!markable && this.on) this.turn(false);
    this.button.hidden = !markable;
    const shown = JSON.stringify([incidents, markable, zone]);
    if (shown !== this.shown) this.marked.replaceChildren(...incidents.map(([from, to]) => this.chip(from, to, markable)));
    this.shown = shown; // the same buttons stay, so that focus does
    this.tell();
    this.root.hidden = !this.hint.textContent && !markable && !incidents.length;
  }

  tell() {
    const canMove = this.view.threshold !== null && this.view.movable;
    setText(this.hint, this.on ? "Drag over the time of the incident." : canMove ? "Drag the red line, or click where it should be." : "");
  }

  chip(from, to, markable) {
    const [first, last] = [instant(from, this.zone), instant(to, this.zone)];
    const day = first.slice(0, first.indexOf(",") + 2);
    const text = `${first} – ${last.startsWith(day) ? last.slice(day.length) : last}`;
    const chip = make("button", "chip", markable ? `${text} ×` : text);
    chip.type = "button";
    chip.disabled = !markable;
    chip.setAttribute("aria-label", markable ? `Remove the incident ${text}` : `Incident ${text}`);
    chip.addEventListener("click", () => this.hooks.onRemove(from, to));
    return chip;
  }

  turn(on) {
    this.on = on;
    this.button.setAttribute("aria-pressed", String(on));
    this.hooks.onMode(on);
    this.tell();
  }

  mark(from, to) {
    this.turn(false);
    this.hooks.onMark(from, to);
  }

  // The first press begins an incident at `time`, the second ends it.
  key(time) {
    if (this.start === undefined) {
      this.start = time;
      setText(this.spoken, `Incident begins ${instant(time, this.zone)}. M ends it.`);
      return;
    }
    const [from, to] = [this.start, time].sort((one, other) => one - other);
    this.start = undefined;
    if (to > from) this.mark(from, to);
  }

  // Stops what was begun; gives whether there was anything.
  stop() {
    const begun = this.on || this.start !== undefined;
    this.start = undefined;
    if (this.on) this.turn(false);
    return begun;
  }
}
