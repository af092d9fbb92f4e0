// What every page does: theme, keys, charts that come after the page, and rows that can be walked with the keyboard.

const root = document.documentElement;

function theme() {
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=strict`;
}

// Charts are SVG drawn by the server. Only shapes and texts are taken over, and links to our own pages.
const SHAPES = new Set(["svg", "g", "path", "line", "rect", "text", "tspan", "circle", "a", "title", "defs",
  "clipPath", "linearGradient", "stop"]);

function adopt(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  for (const child of [...node.childNodes]) {
    if (child.nodeType === Node.ELEMENT_NODE && !SHAPES.has(child.localName)) child.remove();
    else adopt(child);
  }
  for (const attribute of [...node.attributes]) {
    const name = attribute.name.toLowerCase();
    const link = name === "href" || name === "xlink:href";
    if (name.startsWith("on") || name === "style" || (link && !/^[/#](?!\/)/.test(attribute.value))) {
      node.removeAttribute(attribute.name);
    }
  }
}

// How many places a picture leads to; the keyboard stops once at each.
function links(drawn) {
  const known = new Set();
  for (const link of drawn.querySelectorAll("a")) {
    const to = link.getAttribute("xlink:href");
    if (known.has(to)) link.setAttribute("tabindex", "-1");
    known.add(to);
  }
  return known.size;
}

async function draw(figure) {
  try {
    const answer = await fetch(figure.dataset.chart, { credentials: "same-origin" });
    if (answer.status === 204) {
      figure.classList.add("none");
      return;
    }
    if (!answer.ok) throw new Error(`${answer.status}`);
    const parsed = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
    adopt(parsed);
    const drawn = document.importNode(parsed, true);
    drawn.setAttribute("role", links(drawn) ? "group" : "img");
    drawn.setAttribute("aria-label", figure.querySelector("figcaption")?.textContent ?? "Chart");
    drawn.style.maxWidth = `${drawn.getAttribute("width")}px`;
    drawn.removeAttribute("width");
    drawn.removeAttribute("height");
    figure.querySelector("svg")?.remove();
    figure.prepend(drawn);
    figure.classList.add("drawn");
  } catch (error) {
    figure.classList.add("failed");
    figure.querySelector("figcaption").textContent += ` (the picture can't be shown: ${error.message})`;
  }
}

function tip() {
  const box = document.createElement("div");
  box.className = "tip";
  box.hidden = true;
  document.body.append(box);
  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest?.("figure.chart [aria-label][role=graphics-symbol]");
    box.hidden = !mark;
    if (!mark) return;
    box.textContent = mark.getAttribute("aria-label").split("; ").join("\n");
    box.style.left = `${Math.min(event.clientX + 12, innerWidth - box.offsetWidth - 8)}px`;
    box.style.top = `${Math.min(event.clientY + 12, innerHeight - box.offsetHeight - 8)}px`;
  });
}

function rows() {
  return [...document.querySelectorAll("tr[data-href], li[data-href]")];
}

function walk(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

let pending = "";

function typed(event) {
  const target = event.target;
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  if (target.closest("input, textarea, select, [contenteditable]")) {
    if (event.key === "Escape") target.blur();
    return;
  }
  const go = pending === "g" && document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`);
  pending = event.key === "g" ? "g" : "";
  if (go) location.assign(go.href);
  else if (event.key === "/") focusFilter(event);
  else if (event.key === "?") document.getElementById("keys").showModal();
  else if (event.key === "j" || (event.key === "ArrowDown" && target.matches("tr[data-href], li[data-href]"))) walk(1);
  else if (event.key === "k" || (event.key === "ArrowUp" && target.matches("tr[data-href], li[data-href]"))) walk(-1);
  else if (event.key === "Enter" && target.dataset?.href) location.assign(target.dataset.href);
  else if (event.key === "[") document.querySelector("a[rel=prev]")?.click();
  else if (event.key === "]") document.querySelector("a[rel=next]")?.click();
}

function focusFilter(event) {
  const field = document.querySelector("[data-filter]");
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
}

function copies() {
  for (const block of document.querySelectorAll("pre[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain copy";
    button.textContent = "Copy";
    if (block.dataset.copy) button.setAttribute("aria-label", `Copy: ${block.dataset.copy}`);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.textContent.trim());
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    block.before(button);
  }
}

// A form whose answer takes longer than a second says that it is under way.
document.addEventListener("submit", ({ target, submitter }) => {
  if (submitter && target.method !== "dialog") setTimeout(() => submitter.classList.add("busy"), 1000);
});

document.querySelector("button.theme")?.addEventListener("click", theme);
document.querySelector("button.keys")?.addEventListener("click", () => document.getElementById("keys").showModal());
document.addEventListener("keydown", typed);
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (row && !event.target.closest("a, button, summary, input") && !getSelection().toString()) location.assign(row.dataset.href);
});
for (const row of rows()) row.tabIndex = 0;
const wide = matchMedia("(min-width: 900px)");
const menu = document.querySelector("details.menu");
const unfold = () => { if (menu) menu.open = wide.matches; };
unfold();
wide.addEventListener("change", unfold);
tip();
copies();
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    draw(entry.target);
  }
}, { rootMargin: "400px" });
for (const figure of document.querySelectorAll("figure[data-chart]")) seen.observe(figure);
