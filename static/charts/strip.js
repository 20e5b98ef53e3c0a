// The state band of a replay, on the time axis of the plot above it: strips of state, and a tick a notification.
import { instant } from "./clock.js";
import { faded, make } from "./theme.js";

export const STATES = ["OK", "ALARM", "INSUFFICIENT_DATA"];
export const TONES = { OK: "ok", ALARM: "alarm", INSUFFICIENT_DATA: "muted" };
const [OK, ALARM, INSUFFICIENT] = [0, 1, 2];
const DRAWN = [OK, INSUFFICIENT, ALARM]; // what matters most last: where a pixel holds many, it is seen
const HEIGHT = 22, GAP = 3, LANE = 15;
const FROM = 0, TO = 1, STATE = 2;

export class Strip {
  // hooks: onTime(time | null), theme()
  constructor(hooks) {
    this.hooks = hooks;
    this.states = null;
    this.root = make("div", "strip");
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "img");
    this.canvas = make("canvas");
    this.needle = make("i", "needle");
    this.needle.hidden = true;
    this.spoken = make("div", "unseen");
    this.spoken.setAttribute("aria-live", "polite");
    this.root.append(this.canvas, this.needle);
    this.root.addEventListener("mousemove", (event) => this.hovered(event));
    this.root.addEventListener("mouseleave", () => hooks.onTime(null));
    this.root.addEventListener("blur", () => hooks.onTime(null));
    this.root.addEventListener("keydown", (event) => this.key(event));
  }

  take(states, zone, { name = "State", spoken = "State of the alarm in the replay." } = {}) {
    this.name = name;
    this.spokenName = spoken;
    this.states = states;
    this.zone = zone;
    this.root.hidden = !states;
    if (!states) return;
    this.root.setAttribute("aria-label", `${this.spokenName} ${(states.summary || this.counted()).replace(/\.$/, "")}. Left and right arrow keys go through its changes.`);
  }

  counted() {
    const { stretches, notices } = this.states;
    const alarms = stretches.filter((each) => each[STATE] === ALARM).length;
    return `ALARM ${alarms} times, ${notices.length} notifications`;
  }

  // The stretch at `time`, found by halving: there may be thousands.
  at(time) {
    const list = this.states?.stretches || [];
    let low = 0, high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle][TO] <= time) low = middle + 1; else high = middle;
    }
    return list[low] && list[low][FROM] <= time ? low : -1;
  }

  // The stretch that is seen at `time`: a short ALARM is drawn wider than it was, and covers what is beside it.
  seenAt(time, reach) {
    const list = this.states.stretches, here = this.at(time);
    if (here < 0) return here;
    const near = [here];
    for (let place = here - 1; place >= 0 && list[place][TO] > time - reach; place--) near.push(place);
    for (let place = here + 1; place < list.length && list[place][FROM] < time + reach; place++) near.push(place);
    return near.find((place) => list[place][STATE] === ALARM) ?? here;
  }

  // What the tooltip says of `time`, with notifications within `reach` seconds.
  events(time, reach) {
    if (!this.states) return [];
    const place = this.seenAt(time, reach / 4);
    const said = this.states.notices.filter(([at]) => Math.abs(at - time) <= reach).slice(0, 3)
      .map(([at, text]) => ({ tone: "info", text: `Notification ${instant(at, this.zone)}: ${text}` }));
    return place < 0 ? said : [this.event(place), ...said];
  }

  event(place) {
    const [from, , state, reason, length] = this.states.stretches[place];
    const why = this.states.reasons[reason];
    const text = `${STATES[state]} since ${instant(from, this.zone)}, ${length}`;
    return { tone: TONES[STATES[state]], text: why ? `${text}. ${why}` : text };
  }

  draw(chart) {
    if (!this.states || chart.scales.x.min == null) return;
    const ratio = devicePixelRatio;
    this.geometry = { left: chart.bbox.left / ratio, width: chart.bbox.width / ratio, from: chart.scales.x.min, to: chart.scales.x.max };
    const width = Math.round(this.root.clientWidth * ratio), height = (HEIGHT + GAP + LANE) * ratio;
    if (this.canvas.width !== width || this.canvas.height !== height) [this.canvas.width, this.canvas.height] = [width, height];
    const ctx = this.canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    ctx.font = `11px ${this.hooks.theme().font}`;
    this.drawNames(ctx);
    ctx.save();
    ctx.beginPath();
    ctx.rect(this.geometry.left, 0, this.geometry.width, HEIGHT + GAP + LANE);
    ctx.clip();
    for (const state of DRAWN) this.drawState(ctx, state);
    this.drawNotices(ctx);
    ctx.restore();
  }

  drawNames(ctx) {
    ctx.fillStyle = this.hooks.theme().tones.muted;
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    ctx.fillText(this.name, this.geometry.left - 6, HEIGHT / 2);
    if (this.states.notices.length) ctx.fillText("Sent", this.geometry.left - 6, HEIGHT + GAP + LANE / 2 - 1);
  }

  x(time) {
    const { left, width, from, to } = this.geometry;
    return left + ((time - from) / (to - from)) * width;
  }

  drawState(ctx, wanted) {
    const { from, to } = this.geometry;
    const least = wanted === ALARM ? 2 : 1;
    for (const [start, end, state] of this.states.stretches) {
      if (state !== wanted || end <= from || start >= to) continue;
      const left = Math.max(this.geometry.left, this.x(start));
      const right = Math.min(this.geometry.left + this.geometry.width, this.x(end));
      this.paint(ctx, state, left, Math.max(least, right - left));
    }
  }

  paint(ctx, state, left, width) {
    const theme = this.hooks.theme();
    const tone = theme.tones[TONES[STATES[state]]];
    ctx.fillStyle = state === ALARM ? tone : faded(tone, state === OK ? 0.28 : width > 5 ? 0.1 : 0.5);
    ctx.fillRect(left, 0, width, HEIGHT);
    if (state !== OK && width > 5) this.hatch(ctx, state, left, width, state === ALARM ? faded(theme.card, 0.3) : faded(tone, 0.55));
    if (state === OK) { ctx.fillStyle = tone; ctx.fillRect(left, HEIGHT - 2, width, 2); }
    const text = STATES[state];
    if (ctx.measureText(text).width + 10 > width) return;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    if (state === INSUFFICIENT) this.clearUnder(ctx, text, left + width / 2);
    ctx.fillStyle = state === ALARM ? theme.card : theme.text;
    ctx.fillText(text, left + width / 2, HEIGHT / 2);
  }

  clearUnder(ctx, text, middle) {
    const room = ctx.measureText(text).width + 8;
    ctx.fillStyle = this.hooks.theme().card;
    ctx.fillRect(middle - room / 2, 4, room, HEIGHT - 8);
  }

  // ALARM leans to the right, INSUFFICIENT_DATA to the left: told apart without colours.
  hatch(ctx, state, left, width, colour) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, 0, width, HEIGHT);
    ctx.clip();
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1;
    ctx.beginPath();
    for (let x = Math.floor((left - HEIGHT) / 6) * 6; x < left + width + HEIGHT; x += 6) {
      ctx.moveTo(x, state === ALARM ? HEIGHT : 0);
      ctx.lineTo(x + HEIGHT, state === ALARM ? 0 : HEIGHT);
    }
    ctx.stroke();
    ctx.restore();
  }

  drawNotices(ctx) {
    const theme = this.hooks.theme();
    const { from, to } = this.geometry;
    ctx.fillStyle = theme.text;
    for (const [at] of this.states.notices) {
      if (at < from || at > to) continue;
      const x = Math.round(this.x(at));
      ctx.fillRect(x - 0.5, HEIGHT + GAP, 1, LANE - 5);
      ctx.beginPath();
      ctx.arc(x, HEIGHT + GAP + LANE - 5, 2.5, 0, 7);
      ctx.fill();
    }
  }

  // Shows where the crosshair stands; null: nowhere.
  pointAt(time) {
    this.needle.hidden = time === null || !this.geometry;
    if (!this.needle.hidden) this.needle.style.transform = `translateX(${Math.round(this.x(time))}px)`;
  }

  hovered(event) {
    if (!this.geometry) return;
    const { left, width, from, to } = this.geometry;
    const share = (event.clientX - this.root.getBoundingClientRect().left - left) / width;
    this.hooks.onTime(share >= 0 && share <= 1 ? from + share * (to - from) : null);
  }

  key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Escape") this.hooks.onTime(null);
    else if (by === undefined || !this.states?.stretches.length) return;
    else this.step(by);
    event.preventDefault();
    event.stopPropagation();
  }

  step(by) {
    const { stretches } = this.states;
    const inView = stretches.map((_, place) => place).filter((place) => stretches[place][TO] > this.geometry.from && stretches[place][FROM] < this.geometry.to);
    const here = inView.indexOf(this.place);
    const begin = here < 0 ? (by < 0 ? inView.length : -1) : here;
    const next = Math.max(0, Math.min(inView.length - 1, begin + by));
    this.place = inView[next];
    this.spoken.textContent = this.event(this.place).text;
    this.hooks.onTime(Math.max(stretches[this.place][FROM], this.geometry.from));
  }
}
