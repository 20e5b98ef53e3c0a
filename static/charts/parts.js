// Messages of dashboard/charts/bench.py: parts of a view, each under the hash of its content and kept by that name.
import { drawable, opened } from "./wire.js";

const KEPT = 32;
const parts = new Map();

function rowsFrom({ points, rows }, numbers) {
  const row = (place) => numbers.subarray(place * points, (place + 1) * points);
  return { times: Array.from(row(0)), rows: Array.from({ length: rows }, (_, place) => Array.from(row(place + 1), drawable)) };
}

// Gives {now, parts: {kind: value}, names}; or {missing: name} when a part that is only named is not here.
export function taken(bytes) {
  const { head, numbers } = opened(bytes);
  for (const [name, value] of Object.entries(head.new)) {
    parts.set(name, name === head.parts.rows ? rowsFrom(value, numbers) : value);
  }
  const missing = Object.values(head.parts).find((name) => !parts.has(name));
  if (missing) return { missing };
  const found = {};
  for (const [kind, name] of Object.entries(head.parts)) {
    const value = parts.get(name);
    parts.delete(name);
    parts.set(name, value); // the newest last
    found[kind] = value;
  }
  while (parts.size > KEPT) parts.delete(parts.keys().next().value);
  return { now: head.now, parts: found, names: head.parts };
}

// For the tests: as if the browser had been loaded anew while the session lives on.
export function forgotten() { parts.clear(); }
