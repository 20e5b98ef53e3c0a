// Times on axes and in tooltips, on the clock of a named zone.
const MINUTE = 60, HOUR = 3600, DAY = 86400;
const STEPS = [
  1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 364 * DAY,
];
const formats = new Map();
const offsets = new Map();

function format(zone, options) {
  const key = zone + JSON.stringify(options);
  if (!formats.has(key)) {
    formats.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options }));
  }
  return formats.get(key);
}

const say = (time, zone, options) => format(zone, options).format(time * 1000);
const TIME = { hour: "2-digit", minute: "2-digit" };
const DATE = { day: "numeric", month: "short" };

// Seconds that the clock of `zone` is ahead of UTC at `time`.
function offsetOf(time, zone) {
  if (zone === "UTC") return 0;
  const key = `${zone} ${Math.floor(time / 900)}`;
  if (!offsets.has(key)) {
    const parts = format(zone, {
      year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
    }).formatToParts(time * 1000);
    const part = (type) => Number(parts.find((each) => each.type === type).value);
    const shown = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
    offsets.set(key, Math.round(shown / 1000 - time));
  }
  return offsets.get(key);
}

// Round instants in [from, to], at most `most` of them.
export function timeSplits(from, to, most, zone) {
  const step = STEPS.find((each) => (to - from) / each <= most) || STEPS.at(-1);
  const start = from + offsetOf(from, zone);
  const splits = [];
  for (let shown = Math.ceil(start / step) * step; ; shown += step) {
    let time = shown - offsetOf(from, zone);
    if (step >= HOUR) time = shown - offsetOf(time, zone); // past a change of the clocks
    if (time > to) return splits;
    if (time >= from) splits.push(time);
  }
}

// What stands under a tick; midnight shows its date.
export function tickTime(time, step, zone) {
  const shown = time + offsetOf(time, zone);
  if (step >= DAY || shown % DAY === 0) return say(time, zone, DATE);
  return say(time, zone, step < MINUTE ? { ...TIME, second: "2-digit" } : TIME);
}

export function instant(time, zone) {
  const options = { ...DATE, ...TIME };
  if (time % MINUTE) options.second = "2-digit";
  return say(time, zone, options);
}

// "23 Nov 2026, UTC": the date and the clock that an axis shows.
export function clockName(from, to, zone) {
  const day = { ...DATE, year: "numeric" };
  const first = say(from, zone, day), last = say(to, zone, day);
  const offset = offsetOf(to, zone) / HOUR;
  const name = zone === "UTC" ? "UTC" : `${zone} (UTC${offset < 0 ? "−" : "+"}${Math.abs(offset)})`;
  return first === last ? `${last}, ${name}` : `${say(from, zone, DATE)} – ${last}, ${name}`;
}
