// Watchkeeper: how long this page took, sent once when it is left. No cookie, no id, no query. docs/page-load.md
(() => {
  const d = document, me = d.currentScript, Watch = window.PerformanceObserver;
  if (!me || !Watch || !navigator.sendBeacon || (d.hidden && !d.prerendering)) return;
  const m = {}, acts = new Map(), rest = [];
  let sent, shift = 0, first = 0, last = 0;
  const on = (type, each, durationThreshold) => {
  if (!Watch.supportedEntryTypes.includes(type)) return;
  const o = new Watch((l) => l.getEntries().forEach(each));
  o.observe({ type, buffered: true, durationThreshold });
  rest.push(() => o.takeRecords().forEach(each));
  return 1;
  };
  on("largest-contentful-paint", (e) => { m.lcp = e.startTime; });
  on("paint", (e) => { if (e.name[6] === "c") m.fcp = e.startTime; });
  if (on("layout-shift", (e) => {
  if (e.hadRecentInput) return;
  const t = e.startTime;
  if (t - last < 1e3 && t - first < 5e3) shift += e.value;
  else { shift = e.value; first = t; }
  last = t;
  m.cls = Math.max(m.cls, shift);
  })) m.cls = 0;
  const act = (e) => { if (e.interactionId) acts.set(e.interactionId, Math.max(e.duration, acts.get(e.interactionId) || 0)); };
  on("event", act, 40);
  on("first-input", act);
  const send = (e) => {
  if (sent || (e.type !== "pagehide" && !d.hidden)) return;
  sent = 1;
  rest.forEach((f) => f());
  const n = performance.getEntriesByType("navigation")[0], from = n.activationStart || 0;
  m.ttfb = n.responseStart;
  m.load = n.loadEventEnd;
  for (const k of ["lcp", "fcp", "ttfb", "load"]) m[k] = m[k] > from ? m[k] - from : undefined;
  const v = [...acts.values()].sort((a, b) => b - a);
  m.inp = v[Math.min(v.length - 1, performance.interactionCount / 50 | 0)];
  navigator.sendBeacon(new URL("../../beacon", me.src), JSON.stringify({ p: me.dataset.page || location.pathname, m }));
  };
  addEventListener("visibilitychange", send, true);
  addEventListener("pagehide", send, true);
})();
