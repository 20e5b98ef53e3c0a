// How a number with a CloudWatch unit is written. dashboard/charts/unit.py says the same in Python.
export const MISSING = "–";

const SECONDS = [[1e-6, " µs"], [1e-3, " ms"], [1, " s"], [60, " min"], [3600, " h"], [86400, " d"]];
const BYTES = ["", "Ki", "Mi", "Gi", "Ti", "Pi"].map((prefix, power) => [1024 ** power, ` ${prefix}B`]);
const COUNTS = [[1, ""], [1e3, "k"], [1e6, "M"], [1e9, "G"]];
const FACTORS = {
  Microseconds: ["Seconds", 1e-6], Milliseconds: ["Seconds", 1e-3], Bits: ["Bytes", 0.125],
  Kilobytes: ["Bytes", 1e3], Megabytes: ["Bytes", 1e6], Gigabytes: ["Bytes", 1e9], Terabytes: ["Bytes", 1e12],
  Kilobits: ["Bytes", 125], Megabits: ["Bytes", 125e3], Gigabits: ["Bytes", 125e6], Terabits: ["Bytes", 125e9],
};

function largestBelow(scales, size) {
  let chosen = scales[0];
  for (const scale of scales) if (size >= scale[0]) chosen = scale;
  return chosen;
}

function chosen(family, size) {
  if (family === "Percent") return [1, "%", ""];
  if (family === "Seconds") return size === 0 || (size >= 1 && size < 120) ? SECONDS[2] : largestBelow(SECONDS, size);
  if (family === "Bytes") return largestBelow(BYTES, size);
  const counts = size < 1e4 ? COUNTS[0] : largestBelow(COUNTS, size);
  return family === "USD" ? [...counts, "$"] : counts;
}

// {divisor, suffix, prefix} in which `largest` has few digits.
export function scaleFor(largest, unit) {
  const isRate = Boolean(unit) && unit.endsWith("/Second");
  const name = isRate ? unit.slice(0, -7) : unit || "None";
  const [family, factor] = FACTORS[name] || [name, 1];
  const [divisor, suffix, prefix] = chosen(family, Number.isFinite(largest) ? Math.abs(largest) * factor : 0);
  return { divisor: divisor / factor, suffix: suffix + (isRate ? "/s" : ""), prefix: prefix || "" };
}

function grouped(text) {
  const [whole, rest] = text.split(".");
  const spaced = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return rest === undefined ? spaced : `${spaced}.${rest}`;
}

function digitsOf(number, cents) {
  const size = Math.abs(number);
  if (cents && (size === 0 || size >= 0.01)) return grouped(size.toFixed(size < 1000 ? 2 : 0));
  if (size >= 100 || size === 0) return grouped(size.toFixed(0));
  const text = size.toFixed(Math.min(12, 2 - Math.floor(Math.log10(size))));
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

export function written(value, unit) {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  const scale = scaleFor(value, unit);
  const digits = digitsOf(value / scale.divisor, scale.prefix === "$");
  const sign = value < 0 && Number(digits.replaceAll(",", "")) !== 0 ? "−" : "";
  return `${sign}${scale.prefix}${digits}${scale.suffix}`;
}

const STEPS = [1, 2, 2.5, 5, 10];
const CLOCK_STEPS = { " min": [1, 2, 5, 10, 15, 30, 60], " h": [1, 2, 3, 6, 12, 24] };

function niceStep(rough, suffix, whole) {
  if (CLOCK_STEPS[suffix]) {
    const fitting = CLOCK_STEPS[suffix].find((step) => step >= rough);
    if (fitting && rough > 0.5) return fitting;
  }
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = STEPS.find((each) => each * power >= rough * 0.999999) * power;
  return whole ? Math.max(1, Math.ceil(step)) : step;
}

// Round ticks that cover [low, high]: {min, max, splits, step, scale}. `fixedMax` keeps the top where it is.
export function roundAxis(low, high, unit, count, fixedMax) {
  const scale = scaleFor(Math.max(Math.abs(low), Math.abs(high)), unit);
  const from = low / scale.divisor;
  const to = high > low ? high / scale.divisor : from + 1;
  const step = niceStep((to - from) / count, scale.suffix, unit === "Count" && scale.divisor === 1);
  const first = Math.floor(from / step + 1e-9);
  const last = Math.ceil(to / step - 1e-9);
  const splits = [];
  for (let index = first; index <= last; index++) splits.push(index * step * scale.divisor);
  return { min: splits[0], max: fixedMax ? high : splits.at(-1), splits, step, scale };
}

// Writes ticks of one axis alike: same scale, as many decimals as the step needs.
export function tickText(value, axis) {
  const { step, scale } = axis;
  let decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  if (Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals += 1;
  const number = value / scale.divisor;
  const sign = number < -step / 1e6 ? "−" : "";
  return `${sign}${scale.prefix}${grouped(Math.abs(number).toFixed(decimals))}${scale.suffix}`;
}
