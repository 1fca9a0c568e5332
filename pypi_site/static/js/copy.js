/* Buttons that copy. Without script they stay hidden, and the text can be selected by hand. */

const announcer = document.querySelector("#announcer");

/* The Clipboard API exists on HTTPS and localhost only; many an index lives on plain HTTP. */
function copyBySelection(source) {
  const selection = getSelection();
  selection.selectAllChildren(source);
  return document.execCommand("copy");
}

async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    return true;
  } catch {
    return copyBySelection(source);
  }
}

async function handleClick(event) {
  const button = event.currentTarget;
  const label = button.querySelector(".copy-button__label");
  const copied = await copy(document.getElementById(button.dataset.copies));
  const words = copied ? "Copied" : "Select it and press Ctrl+C";
  label.textContent = copied ? "Copied" : "Copy";
  announcer.textContent = words;
  setTimeout(() => {
    label.textContent = "Copy";
    announcer.textContent = "";
  }, 2500);
}

for (const button of document.querySelectorAll(".copy-button")) {
  button.hidden = false;
  button.addEventListener("click", handleClick);
}
