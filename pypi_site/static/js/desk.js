/* Keys of the desk. Every key presses a link, a button or a field that is there anyway, marked by
   data-key; without script nothing is missing but the keys. */

const FIELDS = "input:not([type=checkbox], [type=radio]), textarea, select";
const desk = document.querySelector("[data-desk]");
const rows = [...document.querySelectorAll("[data-row]")];
const boxes = rows.map((row) => row.querySelector("[type=checkbox]"));
const every = document.querySelector("[data-every]");

function isTyping(element) {
  return element instanceof Element && element.matches(FIELDS);
}

/* The row of the queue that has the focus, or last had it. */
let current = -1;

function moveTo(place) {
  current = Math.max(0, Math.min(rows.length - 1, place));
  const link = rows[current]?.querySelector("a");
  link?.focus();
  link?.scrollIntoView({ block: "nearest" });
}

function pressRow(key) {
  if (key === "j") moveTo(current + 1);
  else if (key === "k") moveTo(current - 1);
  else if (key === "x") rows[current]?.querySelector("input").click();
  else return false;
  return true;
}

/* With nothing selected it is about the case that has the focus. */
function pressForSelected(button) {
  if (!boxes.some((box) => box.checked)) pressRow("x");
  button.click();
}

/* A dialog is opened, a field gets the focus, so does the first of what unfolds; all else is pressed. */
function press(element) {
  if (element.matches("summary")) unfold(element.parentElement);
  else if (element.dataset.opens) document.getElementById(element.dataset.opens).showModal();
  else if (isTyping(element)) element.focus();
  else if (element.matches("[data-bulk]")) pressForSelected(element);
  else if (element.matches("[type=radio]")) choose(element);
  else element.click();
}

function unfold(details) {
  details.open = true;
  details.querySelector("select, [type=radio], textarea").focus();
}

/* A reason that is ready takes the place of what was written. */
function choose(radio) {
  radio.checked = true;
  radio.form.querySelector("textarea").value = "";
  radio.form.querySelector("[type=submit]").focus();
}

/* What a key presses; the number of a reason only in the form that has the focus, of several. */
function pressedBy(event) {
  const key = CSS.escape(event.key);
  const form = event.target.closest?.("form");
  return document.querySelector(`[data-key="${key}"]`) ?? form?.querySelector(`[data-number="${key}"]`);
}

function handle(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const isQueue = desk?.dataset.desk === "queue";
  const element = pressedBy(event);
  if (isQueue && pressRow(event.key)) event.preventDefault();
  else if (element && desk) {
    event.preventDefault();
    press(element);
  }
}

for (const row of rows) {
  row.addEventListener("focusin", () => (current = rows.indexOf(row)));
}

/* One box for all of them, which is ticked while all of them are. */
every?.addEventListener("change", () => boxes.forEach((box) => (box.checked = every.checked)));
for (const box of boxes) {
  box.addEventListener("change", () => (every.checked = boxes.every((each) => each.checked)));
}

/* What is written counts, not what was chosen before. */
for (const field of document.querySelectorAll("[data-desk] textarea")) {
  field.addEventListener("input", () => {
    const chosen = field.form.querySelector("[name=ready]:checked");
    if (chosen) chosen.checked = false;
  });
}

document.addEventListener("keydown", handle);
for (const each of document.querySelectorAll("[data-scripted]")) each.hidden = rows.length === 0;
for (const button of document.querySelectorAll("[data-opens]")) {
  button.hidden = false;
  button.addEventListener("click", () => press(button));
}
/* What was looked for comes before what would be done. */
(document.querySelector("[data-found] a") ?? document.querySelector("[data-confirms]"))?.focus();
