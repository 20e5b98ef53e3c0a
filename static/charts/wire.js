// Messages of dashboard/charts/live.py, applied to what this browser holds. The format is described there.
const STREAMS_KEPT = 48; // more than one page has walls: a stream that is dropped is sent whole again
const streams = new Map(); // stream name -> {name, number, order: [key], panels: Map(key -> {meta, times, rows})}

export function opened(bytes) {
  const copy = bytes.slice(); // the bytes arrive somewhere inside a larger buffer; numbers need their own alignment
  const length = new DataView(copy.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(copy.subarray(4, 4 + length)));
  const start = 4 + length + ((8 - ((4 + length) % 8)) % 8);
  return { head, numbers: new Float64Array(copy.buffer, start) };
}

// null is a gap; undefined is no point at this time, and the line runs through.
export function drawable(number) {
  if (Number.isNaN(number)) return null;
  return number === Infinity ? undefined : number;
}

function applyPanel(change, numbers, held) {
  const panel = held || { meta: {}, times: [], rows: [] };
  const { drop, keep, add, rows: count, at } = change;
  Object.assign(panel.meta, change.meta);
  const cut = (list) => { if (drop) list.splice(0, drop); list.length = keep; return list; };
  panel.times = keep ? cut(panel.times) : [];
  panel.rows = keep ? panel.rows.map(cut) : Array.from({ length: count }, () => []);
  for (let index = 0; index < add; index++) panel.times.push(numbers[at + index]);
  panel.rows.forEach((row, place) => {
    const from = at + add * (place + 1);
    for (let index = 0; index < add; index++) row.push(drawable(numbers[from + index]));
  });
  return panel;
}

// Gives {stream, changed: Set(key), look}; or {missing: number} when a message before this one never came.
export function applied(bytes) {
  const { head, numbers } = opened(bytes);
  let stream = streams.get(head.stream);
  if (head.whole && !(stream && stream.number >= head.number)) {
    stream = { name: head.stream, number: head.number, order: [], panels: new Map() };
  } else if (!stream || head.number > stream.number + 1) {
    return { missing: head.number };
  } else if (head.number <= stream.number) {
    return { stream, changed: new Set(), look: head.look };
  }
  for (const [key, change] of Object.entries(head.charts)) {
    stream.panels.set(key, applyPanel(change, numbers, stream.panels.get(key)));
  }
  for (const key of [...stream.panels.keys()]) if (!head.order.includes(key)) stream.panels.delete(key);
  stream.order = head.order;
  stream.number = head.number;
  streams.delete(stream.name);
  streams.set(stream.name, stream);
  while (streams.size > STREAMS_KEPT) streams.delete(streams.keys().next().value);
  return { stream, changed: new Set(Object.keys(head.charts)), look: head.look };
}
