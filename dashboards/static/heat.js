// The heat map of the explorer: cells that the engine counted, drawn as SVG, and a selection by pointer or by keys.

const SVG = "http://www.w3.org/2000/svg";
const STEPS = 9;
const LANE = 18;
const DAY = 86400000;
const TICKS = [1, 2, 5, 10, 50, 100, 500, ...[1, 2, 5, 10, 15, 30].map((n) => n * 1000), ...[1, 2, 5, 10, 15, 30].map((n) => n * 60000),
  ...[1, 2, 3, 6, 12].map((n) => n * 3600000), ...[1, 2, 7, 14, 28, 91, 182, 365].map((n) => n * DAY)];

const pad = (value) => String(value).padStart(2, "0");
const digits = (value) => Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 });

function shape(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// An amount for people.
function amount(measure, value) {
  if (measure === "duration") {
    if (value >= 3600e9) return `${digits(value / 3600e9)} h`;
    if (value >= 600e9) return `${digits(value / 60e9)} min`;
    if (value >= 1e9) return `${digits(value / 1e9)} s`;
    if (value >= 1e6) return `${digits(value / 1e6)} ms`;
    return value >= 1e3 ? `${digits(value / 1e3)} µs` : `${digits(value)} ns`;
  }
  if (measure === "cost") return `$${digits(value)}`;
  if (measure === "tokens") return value >= 1e6 ? `${digits(value / 1e6)} M` : value >= 1e3 ? `${digits(value / 1e3)} k` : digits(value);
  return value >= 1 ? `${digits(value)} kWh` : value >= 1e-3 ? `${digits(value * 1e3)} Wh` : `${digits(value * 1e6)} mWh`;
}

// An amount for the address: few digits, and a unit where the filter language has one.
export function written(measure, value) {
  const short = (size) => String(Number((value / size).toPrecision(4)));
  if (measure !== "duration") return short(1);
  if (value >= 1e9) return `${short(1e9)}s`;
  return value >= 1e6 ? `${short(1e6)}ms` : value >= 1e3 ? `${short(1e3)}us` : `${short(1)}ns`;
}

// The contrary; null where there is nothing.
export function read(measure, text) {
  const match = /^\$?\s*([\d.]+(?:e[+-]?\d+)?)\s*([a-zµ]*)$/i.exec(text?.trim() ?? "");
  if (!match) return null;
  const units = { ns: 1, us: 1e3, "µs": 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9, k: 1e3, kwh: 1, wh: 1e-3 };
  const unit = match[2].toLowerCase() || (measure === "duration" ? "s" : "");
  return Number(match[1]) * (unit ? units[unit] ?? NaN : 1);
}

function clock(at, step) {
  const time = new Date(at);
  const day = `${pad(time.getUTCMonth() + 1)}-${pad(time.getUTCDate())}`;
  if (step >= DAY) return `${time.getUTCFullYear()}-${day}`;
  const hour = `${pad(time.getUTCHours())}:${pad(time.getUTCMinutes())}`;
  const second = step < 60000 ? `:${pad(time.getUTCSeconds())}` : "";
  const part = step < 1000 ? `.${String(time.getUTCMilliseconds()).padStart(3, "0")}` : "";
  return { day, text: `${hour}${second}${part}` };
}

function moment(at, step) {
  const shown = clock(at, step);
  return typeof shown === "string" ? shown : `${shown.day} ${shown.text}`;
}

export class HeatMap {
  // `choose` is called with {since, until, low, high}, each a number or null, when a region was selected.
  constructor(figure, choose) {
    this.figure = figure;
    this.choose = choose;
    this.picture = figure.querySelector(".picture");
    this.tip = document.createElement("div");
    this.tip.className = "tip";
    this.tip.hidden = true;
    document.body.append(this.tip);
    this.selection = null;
    this.colour = "spans";
    this.marks = [];
    this.cursor = null;
    new ResizeObserver(() => this.data && this.picture.clientWidth !== this.width && this.draw()).observe(this.picture);
  }

  async load(source) {
    const answer = await fetch(source);
    const body = await answer.json();
    if (!answer.ok) {
      this.say(`The picture can't be drawn: ${body.detail}`);
      return;
    }
    this.data = body;
    this.columns = Math.max(1, Math.ceil((body.until - body.start) / body.step));
    this.rows = Math.max(0, body.edges.length - 1);
    this.zero = body.cells.some((cell) => cell[1] < 0);
    this.cells = new Map(body.cells.map((cell) => [`${cell[0]},${cell[1]}`, cell]));
    this.most = body.cells.reduce((most, cell) => Math.max(most, cell[2]), 0);
    this.draw();
  }

  say(text) {
    const said = document.createElement("p");
    said.className = "empty";
    said.textContent = text;
    this.picture.replaceChildren(said);
  }

  // Where things lie.
  x(at) { return this.left + ((at - this.data.start) / this.data.step) * this.wide; }
  column(x) { return Math.max(0, Math.min(this.columns - 1, Math.floor((x - this.left) / this.wide))); }
  y(row) { return this.top + (this.rows - row) * this.high; }
  row(y) {
    if (this.zero && (!this.rows || y > this.y(0))) return -1;
    return Math.max(0, Math.min(this.rows - 1, this.rows - 1 - Math.floor((y - this.top) / this.high)));
  }

  level(value) {
    const { edges } = this.data;
    if (value <= edges[0]) return 0;
    const step = Math.log(edges[1] / edges[0]);
    return Math.min(this.rows, Math.log(value / edges[0]) / step);
  }

  draw() {
    if (!this.data.cells.length) {
      this.say(this.data.spans ? "No span here has this measure." : "No span matches.");
      return;
    }
    this.width = this.picture.clientWidth;
    const height = this.width < 600 ? 260 : 320;
    [this.left, this.top] = [64, 10];
    const bottom = 28;
    this.wide = (this.width - this.left - 8) / this.columns;
    this.high = this.rows ? (height - this.top - bottom - (this.zero ? LANE : 0)) / this.rows : 0;
    this.bottom = height - bottom;
    const svg = shape("svg", { width: this.width, height, role: "application", tabindex: 0, "aria-roledescription": "heat map",
      "aria-label": `Spans by time and ${this.data.measure}. Arrows move, Shift and arrows mark a region, Enter selects it.` });
    svg.append(this.axes(), this.drawn(), this.marked());
    this.chosen = shape("g", { class: "chosen" });
    svg.append(this.chosen);
    this.picture.replaceChildren(svg);
    this.listen(svg);
    this.outline();
    this.legend();
  }

  drawn() {
    const group = shape("g", { class: "cells" });
    const gap = this.wide > 5 && this.high > 5 ? 1 : 0;
    for (const [place, row, spans, failed] of this.data.cells) {
      const top = row < 0 ? this.bottom - LANE + 2 : this.y(row + 1);
      group.append(shape("rect", { class: `heat-${this.shade(spans, failed)}`, x: (this.left + place * this.wide).toFixed(2), y: top.toFixed(2),
        width: Math.max(1, this.wide - gap).toFixed(2), height: Math.max(1, (row < 0 ? LANE - 2 : this.high) - gap).toFixed(2) }));
    }
    return group;
  }

  // By the root of the share that failed, so that few failures among many spans are seen as well; or by how many spans.
  shade(spans, failed) {
    if (this.colour === "failures") return 1 + Math.ceil((STEPS - 1) * Math.sqrt(failed / spans));
    return this.most <= 1 ? 5 : 1 + Math.round((STEPS - 1) * (Math.log(spans) / Math.log(this.most)));
  }

  axes() {
    const group = shape("g", { class: "axes" });
    const { data } = this;
    group.append(shape("line", { x1: this.left, x2: this.width - 8, y1: this.bottom, y2: this.bottom }));
    const step = TICKS.find((each) => ((each / data.step) * this.wide) > 72 && each >= data.step) ?? TICKS.at(-1);
    for (let at = Math.ceil(data.start / step) * step; at < data.start + this.columns * data.step; at += step) {
      const shown = clock(at, step);
      const text = typeof shown === "string" ? shown : at % DAY === 0 || step >= DAY ? shown.day : shown.text;
      group.append(shape("line", { class: "tick", x1: this.x(at), x2: this.x(at), y1: this.bottom, y2: this.bottom + 4 }));
      if (this.x(at) < this.width - 20) group.append(shape("text", { x: this.x(at), y: this.bottom + 18, "text-anchor": "middle" }, text));
    }
    this.amounts(group);
    if (this.zero) group.append(shape("text", { x: this.left - 8, y: this.bottom - 4, "text-anchor": "end" }, "0"));
    return group;
  }

  // Amounts beside round steps: decades, and two and five between them where there is room.
  amounts(group) {
    if (!this.rows) return;
    const { edges, measure } = this.data;
    const [low, high] = [Math.log10(edges[0]), Math.log10(edges.at(-1))];
    const room = (this.rows * this.high) / (high - low);
    const between = room > 120 ? [1, 2, 5] : room > 26 ? [1] : [];
    const decades = between.length ? 1 : 2;
    for (let decade = Math.floor(low); decade <= high; decade += decades) {
      for (const part of between.length ? between : [1]) {
        const value = part * 10 ** decade;
        if (Math.log10(value) < low - 0.001 || Math.log10(value) > high + 0.001) continue;
        const y = this.y(this.level(value));
        group.append(shape("line", { class: "grid", x1: this.left - 4, x2: this.width - 8, y1: y, y2: y }));
        group.append(shape("text", { x: this.left - 8, y: y + 4, "text-anchor": "end" }, amount(measure, value)));
      }
    }
  }

  marked() {
    const group = shape("g", { class: "finds" });
    for (const { at, kind, title } of this.marks) {
      const line = shape("line", { class: kind, x1: this.x(at), x2: this.x(at), y1: this.top, y2: this.bottom });
      line.append(shape("title", {}, title));
      group.append(line);
    }
    return group;
  }

  legend() {
    const box = this.figure.querySelector(".legend");
    const failures = this.colour === "failures";
    const made = [document.createTextNode(failures ? "0 % " : "1 ")];
    for (let step = 1; step <= STEPS; step += 1) {
      const swatch = shape("svg", { width: 14, height: 10, "aria-hidden": "true" });
      swatch.append(shape("rect", { class: `heat-${step}`, width: 14, height: 10 }));
      made.push(swatch);
    }
    made.push(document.createTextNode(failures ? " 100 % of a cell's spans failed" : ` ${this.most.toLocaleString("en")} spans in a cell`));
    box.replaceChildren(...made);
    const { unknown, measure } = this.data;
    const what = { duration: "have no end", cost: "are no priced calls", tokens: "reported no tokens", kwh: "have no energy" }[measure];
    this.figure.querySelector(".said").textContent = unknown ? `${unknown.toLocaleString("en")} spans ${what} and are not in the picture.` : "";
  }

  // What a region of cells is: [first column, first row, last column, last row].
  region([c0, r0, c1, r1]) {
    const { data } = this;
    const [left, right, low, high] = [Math.min(c0, c1), Math.max(c0, c1), Math.min(r0, r1), Math.max(r0, r1)];
    const least = this.zero ? -1 : 0;
    const rows = low > least || high < this.rows - 1;
    return {
      since: left > 0 ? data.start + left * data.step : null,
      until: right < this.columns - 1 ? data.start + (right + 1) * data.step : null,
      low: rows && low > least ? data.edges[Math.max(0, low)] : null,
      high: rows && high < this.rows - 1 ? data.edges[high + 1] : null,
    };
  }

  describe([c0, r0, c1, r1]) {
    const { data } = this;
    const [left, right, low, high] = [Math.min(c0, c1), Math.max(c0, c1), Math.min(r0, r1), Math.max(r0, r1)];
    let [spans, failed] = [0, 0];
    for (const [place, row, many, wrong] of data.cells) {
      if (place < left || place > right || row < low || row > high) continue;
      spans += many;
      failed += wrong;
    }
    const size = high < 0 ? "0" : `${low < 0 ? "0" : amount(data.measure, data.edges[low])} to ${amount(data.measure, data.edges[high + 1])}`;
    const time = `${moment(data.start + left * data.step, data.step)} to ${moment(data.start + (right + 1) * data.step, data.step)}`;
    return `${time} UTC\n${size}\n${spans.toLocaleString("en")} ${spans === 1 ? "span" : "spans"}${failed ? `, ${failed.toLocaleString("en")} failed` : ""}`;
  }

  // A rectangle around the selection of the address, and one around what is being marked.
  outline() {
    if (!this.chosen) return;
    this.chosen.replaceChildren();
    if (this.selection && Object.values(this.selection).some((each) => each !== null)) {
      const { since, until, low, high } = this.selection;
      const end = this.left + this.columns * this.wide;
      const [x0, x1] = [since === null ? this.left : this.x(since), until === null ? end : this.x(until)];
      const y0 = high === null || !this.rows ? this.top : this.y(this.level(high));
      const y1 = low === null || !this.rows ? this.bottom : this.y(this.level(low));
      this.frame(Math.max(this.left, x0), y0, Math.min(end, x1), y1, "selection");
    }
    if (this.cursor) {
      const [c0, r0, c1, r1] = this.cursor;
      const [low, high] = [Math.min(r0, r1), Math.max(r0, r1)];
      const top = high < 0 ? this.bottom - LANE : this.y(high + 1);
      this.frame(this.left + Math.min(c0, c1) * this.wide, top, this.left + (Math.max(c0, c1) + 1) * this.wide, low < 0 ? this.bottom : this.y(low), "cursor");
    }
  }

  frame(x0, y0, x1, y1, name) {
    this.chosen.append(shape("rect", { class: name, x: x0, y: y0, width: Math.max(2, x1 - x0), height: Math.max(2, y1 - y0), rx: 1 }));
  }

  listen(svg) {
    const place = (event) => {
      const box = svg.getBoundingClientRect();
      return [this.column(event.clientX - box.left), this.row(event.clientY - box.top)];
    };
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      svg.setPointerCapture(event.pointerId);
      svg.classList.add("pointed");
      const at = place(event);
      this.pressed = true;
      this.cursor = [...at, ...at];
      this.outline();
    });
    svg.addEventListener("pointermove", (event) => {
      const at = place(event);
      if (this.pressed) this.cursor = [this.cursor[0], this.cursor[1], ...at];
      this.outline();
      this.point(event, this.pressed ? this.cursor : [...at, ...at]);
    });
    svg.addEventListener("pointerup", () => { if (this.pressed) this.select(); });
    for (const name of ["pointercancel", "pointerleave"]) {
      svg.addEventListener(name, () => {
        this.tip.hidden = true;
        if (name === "pointercancel") this.drop();
      });
    }
    svg.addEventListener("keydown", (event) => this.key(event));
    svg.addEventListener("blur", () => { if (!this.pressed) this.drop(); });
  }

  point(event, region) {
    const some = this.pressed || this.cells.has(`${region[0]},${region[1]}`);
    this.tip.hidden = !some;
    if (!some) return;
    this.tip.textContent = this.describe(region);
    this.tip.style.left = `${Math.min(event.clientX + 14, innerWidth - this.tip.offsetWidth - 8)}px`;
    this.tip.style.top = `${Math.min(event.clientY + 14, innerHeight - this.tip.offsetHeight - 8)}px`;
  }

  drop() {
    this.pressed = false;
    this.cursor = null;
    this.outline();
  }

  select() {
    const region = this.region(this.cursor);
    this.pressed = false;
    this.tip.hidden = true;
    this.cursor = null;
    this.choose(region);
  }

  key(event) {
    event.currentTarget.classList.remove("pointed");
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (steps[event.key]) {
      const [dx, dy] = steps[event.key];
      const middle = [Math.floor(this.columns / 2), Math.floor(this.rows / 2)];
      const now = this.cursor ?? [...middle, ...middle];
      const column = Math.max(0, Math.min(this.columns - 1, now[2] + dx));
      const row = Math.max(this.zero ? -1 : 0, Math.min(this.rows - 1, now[3] + dy));
      this.cursor = event.shiftKey ? [now[0], now[1], column, row] : [column, row, column, row];
      this.outline();
      this.figure.querySelector(".said").textContent = this.describe(this.cursor).split("\n").join(", ");
    } else if (event.key === "Enter" && this.cursor) this.select();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
