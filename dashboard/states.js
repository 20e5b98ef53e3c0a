// Lists and grids of things with a state: targets, activities, alarms.
// Every text is set with textContent; elements are kept by key, so that nothing flickers while the wall refreshes.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".states");
  root.className = "states rows";
  root.tabIndex = 0;
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", data.name);
  root.style.height = data.height ? data.height + "px" : "auto";
  reconcile(root, data.groups, "group", (box, group) => {
    if (!box.firstChild) {
      box.append(make("h4", "name"), make("ul", "items"));
    }
    const [name, items] = box.children;
    name.textContent = group.name;
    name.hidden = !group.name;
    reconcile(items, group.items, "item", (line, item) => drawItem(line, item, setTriggerValue), "li");
  });
  const empty = parentElement.querySelector(".empty");
  const any = data.groups.some((group) => group.items.length);
  empty.textContent = any ? "" : data.empty;
  empty.hidden = any;
}

function drawItem(line, item, setTriggerValue) {
  let box = line.firstChild;
  const wanted = item.pick ? "BUTTON" : "DIV";
  if (!box || box.tagName !== wanted) {
    line.replaceChildren();
    box = make(wanted.toLowerCase(), "box");
    for (const part of ["title", "state", "detail", "since"]) box.append(make("span", part));
    line.append(box);
  }
  box.className = "box tone-" + item.tone;
  const texts = [item.title, item.glyph + " " + item.state, item.detail, item.since];
  texts.forEach((text, place) => {
    const part = box.children[place];
    if (part.textContent !== text) part.textContent = text;
    part.hidden = !text.trim();
  });
  box.title = [item.title, item.state, item.detail, item.since].filter(Boolean).join("\n");
  if (item.pick) {
    box.setAttribute("aria-label", [item.title, item.state, item.detail, item.since].filter(Boolean).join(", "));
    box.onclick = () => setTriggerValue("picked", item.pick);
  }
}

function reconcile(parent, entries, className, draw, tag = "section") {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  entries.forEach((entry, place) => {
    let child = known.get(entry.key);
    if (!child) {
      child = make(tag, className);
      child.dataset.key = entry.key;
    }
    known.delete(entry.key);
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] || null);
    draw(child, entry);
  });
  known.forEach((child) => child.remove());
}

function make(tag, className) {
  const element = document.createElement(tag);
  element.className = className;
  return element;
}
