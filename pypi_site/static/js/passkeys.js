/* allauth's scripts talk to passkeys and security keys; what goes wrong is said on the page. */

const box = document.querySelector("#passkey-error");

function words(error) {
  if (!window.isSecureContext || !navigator.credentials) {
    return "This browser offers passkeys on https and on http://localhost only, and not at this address.";
  }
  if (error?.name === "NotAllowedError") {
    return "Nothing was chosen, or it took too long. Try again when your key is at hand.";
  }
  if (error?.name === "InvalidStateError") {
    return "This key is on your account already.";
  }
  return "That did not work. Try again, or choose another way.";
}

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  box.textContent = words(event.detail.exception);
  box.hidden = false;
});
