// The box for filter patterns: what is typed is explained as it is typed, and searched for on Enter. Text only.
import { make, sheetFrom } from "./theme.js";

const sheet = await sheetFrom(new URL("./pattern_box.css", import.meta.url).href);
const mounted = new WeakMap();
const PAUSE = 180; // milliseconds without a key before what was typed is sent
let boxes = 0;

class Box {
  constructor(parent) {
    parent.adoptedStyleSheets = [sheet];
    const id = `pattern${++boxes}`;
    this.root = make("div", "box");
    this.input = make("input");
    Object.assign(this.input, { id, type: "text", spellcheck: false, autocomplete: "off", maxLength: 1024,
      placeholder: 'ERROR -healthcheck      { $.status >= 500 }      [ip, user, ..., status=5*]' });
    this.input.setAttribute("aria-describedby", `${id}-says`);
    const label = make("label", "", "Filter pattern");
    label.htmlFor = id;
    this.go = this.button("Search", "go", () => this.enter());
    this.clear = this.button("Clear", "", () => { this.input.value = ""; this.enter(); this.input.focus(); });
    this.where = make("pre");
    this.where.setAttribute("aria-hidden", "true");
    this.says = make("p", "words");
    this.says.id = `${id}-says`;
    this.says.setAttribute("role", "status");
    const row = make("div", "row");
    row.append(this.input, this.go, this.clear);
    this.root.append(label, row, this.where, this.says);
    parent.append(this.root);
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => { if (event.key === "Enter") this.enter(); });
  }

  button(text, className, act) {
    const button = make("button", className, text);
    button.type = "button";
    button.addEventListener("click", act);
    return button;
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send({ text: this.input.value, entered: false }), PAUSE);
    this.clear.hidden = !this.input.value;
  }

  enter() {
    clearTimeout(this.timer);
    this.send({ text: this.input.value, entered: true });
  }

  take({ data, setTriggerValue }) {
    this.send = (event) => setTriggerValue("picked", event);
    // Another pattern was chosen elsewhere, or this is the first look; what is being typed is never taken away.
    if (data.current !== this.current) { this.input.value = data.current; this.current = data.current; }
    this.clear.hidden = !this.input.value;
    if (data.text !== this.input.value) return; // an answer to what was typed before
    const wrong = data.position >= 0;
    this.input.setAttribute("aria-invalid", String(wrong));
    this.go.disabled = wrong;
    this.says.className = wrong ? "words error" : "words";
    const text = wrong ? `✕ ${data.error}` : data.words;
    if (this.says.textContent !== text) this.says.textContent = text;
    this.where.hidden = !wrong;
    this.where.replaceChildren();
    if (wrong) {
      const at = data.position;
      this.where.append(data.text.slice(0, at), make("mark", "", data.text.slice(at, at + 1) || " "), data.text.slice(at + 1));
    }
  }

  destroy() { clearTimeout(this.timer); this.root.remove(); }
}

export default function mount(component) {
  const parent = component.parentElement;
  if (!mounted.has(parent)) mounted.set(parent, new Box(parent));
  mounted.get(parent).take(component);
  return () => { mounted.get(parent)?.destroy(); mounted.delete(parent); };
}
