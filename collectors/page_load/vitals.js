// Runs before the page's own scripts, in the probe's browser: gathers what only observers see.
(() => {
  const seen = (window.__watchkeeper = { lcp: null, cls: 0, blocking: 0 });
  const watch = (type, each) => {
    try {
      new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true });
    } catch { /* this browser does not measure it */ }
  };
  watch("largest-contentful-paint", (entry) => { seen.lcp = entry.startTime; });
  watch("layout-shift", (entry) => { if (!entry.hadRecentInput) seen.cls += entry.value; });
  watch("longtask", (entry) => { seen.blocking += Math.max(0, entry.duration - 50); });
})();
