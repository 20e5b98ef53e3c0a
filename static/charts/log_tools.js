// The row of tools above a list of log lines: how many there are, find, pause, wrap, copy.
import { make } from "./theme.js";

const SAID_FOR = 1500; // milliseconds

export function button(text, act) {
  const made = make("button", "tool", text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

// Says for a moment how an action went, on its own button.
export function say(button, text) {
  const before = button.dataset.text || button.textContent;
  button.dataset.text = before;
  button.textContent = text;
  setTimeout(() => { button.textContent = before; }, SAID_FOR);
}

export class Tools {
  constructor({ hold, wrap, copy, find }) {
    this.root = make("div", "tools");
    this.count = make("span", "count");
    this.count.setAttribute("role", "status");
    this.find = make("input", "find");
    Object.assign(this.find, { type: "search", placeholder: "Highlight", spellcheck: false, autocomplete: "off", maxLength: 200 });
    this.find.setAttribute("aria-label", "Highlight a text in these lines; Enter goes to the next");
    this.find.addEventListener("input", () => find(this.find.value, 0));
    this.find.addEventListener("keydown", (event) => { if (event.key === "Enter") find(this.find.value, event.shiftKey ? -1 : 1); });
    this.hold = button("Pause", () => hold());
    this.wrap = button("Wrap lines", () => wrap());
    this.wrap.setAttribute("aria-pressed", "false");
    this.copy = button("Copy lines", () => copy());
    this.root.append(this.count, this.find, this.hold, this.wrap, this.copy);
  }

  setHeld(held) {
    this.hold.textContent = held ? "Go on" : "Pause";
    this.hold.setAttribute("aria-pressed", String(held));
  }

  // `quiet`: the number changes all the time, and is not read out each time.
  setCount(parts, quiet) {
    this.count.setAttribute("aria-live", quiet ? "off" : "polite");
    const text = parts.filter(Boolean).join(" · ");
    if (this.count.textContent !== text) this.count.textContent = text;
  }
}
