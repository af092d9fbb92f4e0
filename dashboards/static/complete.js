// Completion of filters and keys: what can stand at the caret, from the service's list of keys and their values.

const NAME = String.raw`(?:(?:attributes|resource)\["(?:[^"\\]|\\.)*"\]|[A-Za-z_][\w.\-/:]*)`;
const PART = String.raw`("(?:[^"\\]|\\.)*|[\w.\-/:$]*)`;
const VALUE = new RegExp(`(${NAME})\\s*(?:=|!=|<=|>=|<|>|~|!~|\\bcontains\\s)\\s*${PART}$`);
const AMONG = new RegExp(`(${NAME})\\s+(?:not\\s+)?in\\s*\\((?:[^()]*,)?\\s*${PART}$`, "i");
const BEGINS = /(?:^|\(|\b(?:and|or|not)\s)\s*$/i;
const KEY_PART = /((?:attributes|resource)\["[^"]*|[A-Za-z_][\w.\-/:]*|)$/;
const KEYS_BEFORE = /^(?:(?:[^,"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*,)*/;
const AFTER_NAME = new RegExp(`(?:^|\\(|\\s)(${NAME})\\s+([=!<>~a-z]*)$`, "i");
const WORDS = new Set(["and", "or", "not", "in", "contains", "exists"]);
const OPERATORS = { text: ["=", "!=", "in (", "contains", "~", "exists"], number: [">", "<", ">=", "=", "exists"], time: [">=", "<"],
  flag: ["and", "or"], texts: ["contains", "in (", "exists"], numbers: [">", "exists"] };
const MOST = 12;
const WAIT = 120;
const lists = new Map();

function keys(input) {
  const source = `${input.dataset.source}/keys?${input.dataset.range}`;
  if (!lists.has(source)) lists.set(source, fetch(source).then((answer) => (answer.ok ? answer.json() : { keys: [] })).then((body) => body.keys));
  return lists.get(source);
}

function ranked(known, part) {
  const text = part.toLowerCase().replace(/^(?:attributes|resource)\["/, "");
  const score = (name) => {
    const at = name.toLowerCase().replace(/^(?:attributes|resource)\["/, "").indexOf(text);
    return at < 0 ? 9 : at === 0 ? 0 : /[._"]/.test(name[at - 1] ?? "") ? 1 : 2;
  };
  return known.map((key) => [score(key.name), key]).filter(([at]) => at < 9)
    .sort((one, other) => one[0] - other[0] || (one[0] === 0 && text ? one[1].name.length - other[1].name.length : 0)).map(([, key]) => key);
}

function quoted(value) {
  const plain = /^[A-Za-z_][\w.\-/:]*$/.test(value) && !WORDS.has(value.toLowerCase());
  return plain ? value : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

const choice = (text, insert, part, hint = "") => ({ text, insert, part, hint });

async function values(input, key, part, signal) {
  const known = (await keys(input)).find((each) => each.name === key);
  if (known && !["text", "texts"].includes(known.kind)) return [];
  const asked = new URLSearchParams({ key, part: part.replace(/^"/, "").replace(/\\(.)/g, "$1"), limit: MOST });
  const answer = await fetch(`${input.dataset.source}/values?${input.dataset.range}&${asked}`, { signal });
  if (!answer.ok) return [];
  return (await answer.json()).values.map(({ value, spans }) => choice(value, `${quoted(value)} `, part, spans.toLocaleString("en")));
}

const begun = (key, whole) => (whole ? key.name : `${key.name} ${key.kind === "text" ? "= " : key.kind === "number" ? "> " : ""}`);

async function choices(input, signal) {
  const before = input.value.slice(0, input.selectionStart);
  const whole = input.dataset.complete === "key";
  const all = await keys(input);
  if (whole) {
    const part = before.slice(KEYS_BEFORE.exec(before)[0].length).trimStart();
    return ranked(all, part).slice(0, MOST).map((key) => choice(key.name, key.name, part, key.unit || key.kind));
  }
  const value = AMONG.exec(before) ?? VALUE.exec(before);
  if (value) return values(input, value[1], value[2], signal);
  const part = KEY_PART.exec(before)[0];
  if (BEGINS.test(before.slice(0, before.length - part.length))) {
    return ranked(all, part).slice(0, MOST).map((key) => choice(key.name, begun(key, whole), part, key.unit || key.kind));
  }
  const after = AFTER_NAME.exec(before);
  const key = after && all.find((each) => each.name === after[1]);
  const next = key && !WORDS.has(after[1].toLowerCase()) ? OPERATORS[key.kind] : ["and", "or"];
  const typed = after?.[2] ?? /\S*$/.exec(before)[0];
  return next.filter((each) => each.startsWith(typed)).map((each) => choice(each, each.endsWith("(") ? each : `${each} `, typed));
}

let made = 0;

export function complete(input) {
  const list = document.createElement("ul");
  made += 1;
  list.id = `choices-${made}`;
  list.className = "choices-list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "What can stand here");
  list.hidden = true;
  input.after(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  let [found, active, timer, asked] = [[], -1, 0, null];

  const close = () => {
    asked?.abort();
    clearTimeout(timer);
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (place) => {
    active = place;
    for (const [at, item] of [...list.children].entries()) item.setAttribute("aria-selected", at === place);
    if (place >= 0) {
      input.setAttribute("aria-activedescendant", list.children[place].id);
      list.children[place].scrollIntoView({ block: "nearest" });
    }
  };
  const take = (place) => {
    const { insert, start } = found[place];
    const caret = input.selectionStart;
    const rest = input.value.slice(caret).replace(insert.endsWith(" ") ? /^"?\s*/ : /^$/, "");
    input.value = input.value.slice(0, start) + insert + rest;
    input.setSelectionRange(start + insert.length, start + insert.length);
    close();
    if (input.dataset.complete === "filter") soon();
  };
  const show = async () => {
    asked?.abort();
    asked = new AbortController();
    const { signal } = asked;
    const caret = input.selectionStart;
    try {
      // where each begins is kept: who goes on typing may choose from this list before the next one is there
      found = (await choices(input, signal)).map((each) => ({ ...each, start: caret - each.part.length }));
    } catch (error) {
      if (error.name !== "AbortError") close();
      return;
    }
    if (signal.aborted || document.activeElement !== input) return;
    active = -1;
    list.replaceChildren(...found.map((each, place) => {
      const item = document.createElement("li");
      item.id = `${list.id}-${place}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      const text = document.createElement("bdi");
      text.textContent = each.text;
      const hint = document.createElement("span");
      hint.className = "quiet";
      hint.textContent = each.hint;
      item.append(text, hint);
      item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(place); });
      return item;
    }));
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(found.length > 0));
  };
  function soon() {
    clearTimeout(timer);
    timer = setTimeout(show, WAIT);
  }
  input.addEventListener("input", soon);
  input.addEventListener("focus", soon);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (list.hidden) {
      if (event.key === "ArrowDown") { event.preventDefault(); show(); }
      return;
    }
    if (event.key === "ArrowDown") mark((active + 1) % found.length);
    else if (event.key === "ArrowUp") mark((active + found.length - 1) % found.length);
    else if ((event.key === "Enter" || event.key === "Tab") && active >= 0) take(active);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
