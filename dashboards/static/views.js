// Saved views: a name for this address, kept by the service.

async function send(method, path, body) {
  const token = document.querySelector("meta[name=csrf-token]")?.content;
  const headers = { "Content-Type": "application/json", ...(token && { "X-CSRF-Token": token }) };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  if (answer.ok) return "";
  const problem = await answer.json().catch(() => ({}));
  return problem.detail ?? `The service answered ${answer.status}.`;
}

export function views(panel, again) {
  const said = panel.querySelector(".said");
  const list = panel.closest("details");
  const act = async (method, path, body) => {
    said.textContent = await send(method, path, body);
    if (said.textContent) return;
    await again();
    const fresh = document.querySelector("details.views");
    if (fresh) fresh.open = true;
    fresh?.querySelector("summary").focus();
  };
  panel.querySelector("form.save").addEventListener("submit", (event) => {
    event.preventDefault();
    act("POST", panel.dataset.source, { name: event.target.elements.name.value, address: location.pathname + location.search });
  });
  for (const item of panel.querySelectorAll("li[data-view]")) {
    const path = `${panel.dataset.source}/${item.dataset.view}`;
    item.querySelector(".remove").addEventListener("click", () => act("DELETE", path));
    item.querySelector(".rename").addEventListener("click", () => rename(item, (name) => act("PUT", path, { name })));
  }
  list.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !list.open) return;
    list.open = false;
    list.querySelector("summary").focus();
    event.preventDefault();
    event.stopPropagation();
  });
}

function rename(item, save) {
  const form = document.createElement("form");
  const field = document.createElement("input");
  field.value = item.querySelector("a").textContent;
  field.maxLength = 100;
  field.required = true;
  field.setAttribute("aria-label", "New name");
  const button = document.createElement("button");
  button.textContent = "Save";
  form.append(field, " ", button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save(field.value);
  });
  item.replaceChildren(form);
  field.select();
}
