// What the pages gain from a script. Without it everything still works: forms are forms, links are links.
"use strict";

// A form that came back wrong: the keyboard starts at what is wrong.
addEventListener("DOMContentLoaded", () => document.querySelector("[data-wrong]")?.focus());

// What only works with a script is hidden until there is one; blocks that are refreshed later come through htmx.
function reveal(block) {
  const able = navigator.clipboard ? "[data-copy], [data-all]" : "[data-all]";
  for (const hidden of block.querySelectorAll(able)) hidden.hidden = false;
}
addEventListener("DOMContentLoaded", () => reveal(document));
addEventListener("htmx:load", (event) => reveal(event.detail.elt));
addEventListener("htmx:afterSwap", () => reveal(document));

// Buttons that copy the command beside them.
addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const said = button.querySelector("[role=status]");
  try {
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    said.textContent = "Copied";
  } catch {
    said.textContent = "Not copied";
  }
  setTimeout(() => { said.textContent = ""; }, 2000);
});

// One box ticks all of its table.
addEventListener("change", (event) => {
  const all = event.target.closest?.("[data-all]");
  if (!all) return;
  for (const box of all.closest("table").querySelectorAll("tbody input[type=checkbox]")) box.checked = all.checked;
});

// A form that changes something is sent once, however often its button is pressed.
function sendable(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
  setTimeout(sendable, 5000, form);
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(sendable));

// A page that is open follows what happens: it is morphed into what the server shows now. What somebody works with stays
// as it is: a form that has the focus, holds something typed or is under way; what was opened; what was just done; and
// what is shown only once.
function isInUse(form) {
  if (form.dataset.sent || form.contains(document.activeElement)) return true;
  return [...form.elements].some((field) => {
    if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return field.checked !== field.defaultChecked || field.value !== (field.defaultValue ?? field.value);
  });
}
const isShownOnce = (node) => node.dataset?.once !== undefined;
addEventListener("DOMContentLoaded", () => Object.assign(Idiomorph.defaults.callbacks, {
  beforeNodeMorphed: (node) => !isShownOnce(node) && !(node.localName === "form" && isInUse(node)),
  beforeNodeRemoved: (node) => !isShownOnce(node) && (node.parentNode?.id !== "main" || node.role !== "status"),
  beforeAttributeUpdated: (name, node) => !(name === "open" && node.localName === "details"),
}));

// Who has sent a form is leaving: what the page shows may be gone with it. What is gone otherwise is told by the page itself.
for (const moment of ["htmx:beforeRequest", "htmx:beforeOnLoad"]) addEventListener(moment, (event) => {
  if (document.querySelector("form[data-sent]")) event.preventDefault();
});
addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.defaultPrevented || ![403, 404].includes(event.detail.xhr.status)) return;
  event.preventDefault();
  location.reload();
});
