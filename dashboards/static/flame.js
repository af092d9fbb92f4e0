// The flame view of a trace: each span below its caller, as wide as what it took of time, money, tokens or energy. It is
// drawn on a canvas, only the lanes in sight, so that 20,000 spans are as quick as 20.

const ROW = 20;
const LEGIBLE = 28;
const SMALLEST = 0.3;

function element(name, className) {
  const made = document.createElement(name);
  made.className = className;
  return made;
}

// The lane of each span: its depth, or on the axis of time, where calls run side by side, the first below its caller
// that is free.
function lanes(data, { left, wide }, beside) {
  if (!beside) return data.depth;
  const found = [];
  const free = [];
  const order = [...data.id.keys()].sort((one, other) => left[one] - left[other] || one - other);
  for (const at of order) {
    let lane = (found[data.parent[at]] ?? -1) + 1;
    while (free[lane] > left[at] + 1e-9) lane += 1;
    found[at] = lane;
    free[lane] = left[at] + wide[at];
  }
  return found;
}

export class Flame {
  // `open` is called with the place of a span that was chosen, `words` gives what is told of one.
  constructor(data, open, words) {
    [this.data, this.open, this.words] = [data, open, words];
    this.within = -1;
    this.chosen = -1;
    this.box = element("div", "scroller flame");
    this.all = element("div", "rows");
    this.canvas = element("canvas", "");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.back = element("button", "back");
    this.back.textContent = "Whole trace";
    this.tip = element("div", "tip");
    this.tip.hidden = true;
    this.all.append(this.canvas);
    this.box.append(this.all);
    this.listen();
  }

  // `bars`: where each span begins and how wide it is, as shares of the whole; `kept`: the places that are not dimmed.
  show(bars, axis, kept) {
    this.bars = bars;
    this.kept = kept;
    this.timed = axis === "time";
    this.lane = lanes(this.data, bars, this.timed);
    this.deepest = this.lane.reduce((most, lane) => Math.max(most, lane), 0);
    this.all.style.height = `${(this.deepest + 1) * ROW}px`;
    this.box.style.height = `${Math.min((this.deepest + 1) * ROW + 2, Math.max(240, innerHeight - 220))}px`;
    this.canvas.setAttribute("aria-label", `Flame view of ${this.data.id.length.toLocaleString("en")} spans. Up and down: caller and called. `
      + "Left and right: neighbours. Enter: as wide as the picture. Escape: the whole trace.");
    this.draw();
  }

  zoom(at) {
    this.within = at;
    this.draw();
  }

  // Left edge and width of a span in pixels; what lies around the one that fills the picture is cut at its sides.
  place(at) {
    const { left, wide } = this.bars;
    const [from, whole] = this.within < 0 ? [0, 1] : [left[this.within], wide[this.within] || 1e-9];
    const x = ((left[at] - from) / whole) * this.width;
    const end = ((left[at] + wide[at] - from) / whole) * this.width;
    const cut = Math.max(0, x);
    return [cut, Math.min(this.width, end) - cut];
  }

  draw() {
    const { box, canvas, data } = this;
    if (!box.isConnected) return;
    const ratio = devicePixelRatio;
    [this.width, this.height] = [box.clientWidth, box.clientHeight];
    [canvas.width, canvas.height] = [this.width * ratio, this.height * ratio];
    canvas.style.height = `${this.height}px`;
    this.back.hidden = this.within < 0;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    this.paint();
    const last = new Map();
    for (let at = 0; at < data.id.length; at += 1) {
      const y = this.lane[at] * ROW - box.scrollTop;
      if (y < -ROW || y > this.height) continue;
      const [x, wide] = this.place(at);
      if (wide < 0 || (!this.timed && !this.bars.wide[at]) || (this.within >= 0 && x >= this.width)) continue;
      if (wide < SMALLEST && last.get(y) === Math.round(x)) continue;  // it would lie on the one before
      last.set(y, Math.round(x));
      this.bar(pen, at, x, y, Math.max(1, wide - 1));
    }
  }

  // Colours of the style sheet, as the theme has them now.
  paint() {
    const probe = element("span", "");
    this.all.append(probe);
    const colour = (name) => { probe.className = name; return getComputedStyle(probe).backgroundColor; };
    const kinds = new Set(this.data.kind);
    this.colours = new Map([...kinds].map((kind) => [kind, colour(`strip ${kind || "other"}`)]));
    probe.remove();
    const style = getComputedStyle(document.documentElement);
    [this.ink, this.wrong, this.accent] = ["--ink", "--wrong", "--accent"].map((name) => style.getPropertyValue(name));
  }

  bar(pen, at, x, y, wide) {
    const { data } = this;
    const kept = !this.kept || this.kept.has(at);
    pen.fillStyle = this.colours.get(data.kind[at]);
    pen.globalAlpha = kept ? 0.45 : 0.1;
    pen.fillRect(x, y, wide, ROW - 1);
    pen.globalAlpha = kept ? 1 : 0.1;
    if (data.critical[at]) pen.fillRect(x, y + ROW - 3, wide, 2);
    pen.fillStyle = this.wrong;
    if (data.error[at]) pen.fillRect(x, y, Math.min(3, wide), ROW - 1);
    if (at === this.chosen) {
      pen.strokeStyle = this.accent;
      pen.lineWidth = 2;
      pen.strokeRect(x + 1, y + 1, Math.max(1, wide - 2), ROW - 3);
    }
    if (wide >= LEGIBLE && kept) this.name(pen, at, x + 5, y + 14, wide - 8);
    pen.globalAlpha = 1;
  }

  name(pen, at, x, y, room) {
    const { data } = this;
    const marks = `${data.error[at] ? "✕ " : ""}${data.retry[at] || data.again[at] ? "↻ " : ""}`;
    const text = `${marks}${data.name[at] || "–"}`.slice(0, Math.ceil(room / 4));
    pen.font = `${data.critical[at] ? "600 " : ""}12px system-ui, sans-serif`;
    pen.fillStyle = this.ink;
    pen.save();
    pen.beginPath();
    pen.rect(x, y - ROW, room, ROW * 2);
    pen.clip();
    pen.fillText(text, x, y);
    pen.restore();
  }

  // The span at a point of the picture; -1 for none.
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, lane] = [event.clientX - box.left, Math.floor((event.clientY - box.top + this.box.scrollTop) / ROW)];
    return this.lane.findIndex((each, at) => {
      if (each !== lane) return false;
      const [from, wide] = this.place(at);
      return (this.timed ? wide >= 0 : wide > 0) && x >= from - 1 && x <= from + Math.max(2, wide);
    });
  }

  listen() {
    this.box.addEventListener("scroll", () => requestAnimationFrame(() => this.draw()), { passive: true });
    new ResizeObserver(() => this.box.clientWidth !== this.width && this.draw()).observe(this.box);
    new MutationObserver(() => this.draw()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    this.back.addEventListener("click", () => this.zoom(-1));
    this.canvas.addEventListener("click", (event) => {
      const at = this.at(event);
      if (at >= 0 && at === this.chosen) this.zoom(at === this.within ? -1 : at);
      else if (at >= 0) this.open(at);
    });
    this.canvas.addEventListener("pointermove", (event) => this.point(event, this.at(event)));
    this.canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  point(event, at) {
    this.tip.hidden = at < 0;
    this.canvas.style.cursor = at < 0 ? "default" : "pointer";
    if (at < 0) return;
    this.tip.textContent = this.words(at);
    this.tip.style.left = `${Math.min(event.clientX + 14, innerWidth - this.tip.offsetWidth - 8)}px`;
    this.tip.style.top = `${Math.min(event.clientY + 14, innerHeight - this.tip.offsetHeight - 8)}px`;
  }

  key(event) {
    const { parent } = this.data;
    const at = this.chosen;
    const next = (from, step) => {
      let place = from + step;
      while (place >= 0 && place < parent.length && parent[place] !== parent[at]) place += step;
      return place;
    };
    if (event.key === "Enter" && at >= 0) this.zoom(at === this.within ? -1 : at);
    else if (event.key === "Escape" && this.within >= 0) this.zoom(-1);
    else {
      const places = { ArrowUp: () => parent[at], ArrowDown: () => parent.indexOf(at), ArrowLeft: () => next(at, -1), ArrowRight: () => next(at, 1) };
      if (!places[event.key]) return;
      const place = at < 0 ? 0 : places[event.key]();
      if (place >= 0 && place < parent.length) this.step(place);
    }
    event.preventDefault();
    event.stopPropagation();
  }

  // To another span by the keyboard; it must be in sight.
  step(at) {
    const top = this.lane[at] * ROW;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    if (top + ROW > this.box.scrollTop + this.height) this.box.scrollTop = top + ROW - this.height;
    if (this.within >= 0 && this.place(at)[1] <= 0) this.within = -1;
    this.open(at);
  }
}
