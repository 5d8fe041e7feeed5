/** How other devices come to show the same place: an address and its QR code. */
import { serverFacts } from "./api.js";
import { make } from "./dom.js";

export async function openDevices() {
  const body = make("div.stack", {}, make("p.soft", {}, "Asking …"));
  const dialog = make("dialog", { "aria-label": "Other devices", onclose: () => dialog.remove() }, body);
  document.body.append(dialog);
  dialog.showModal();
  const close = make(
    "div.actions",
    {},
    make("button.primary", { type: "button", onclick: () => dialog.close() }, "Done"),
  );
  try {
    const { addresses } = await serverFacts();
    body.replaceChildren(...(addresses.length ? reachable(addresses) : unreachable()), close);
  } catch (error) {
    body.replaceChildren(make("p", { role: "alert" }, error.message), close);
  }
}

/** The address at which a device shows what another one hears. @param {string} address */
const showAddress = (address) => `${address.replace(/#.*$/, "")}#/show`;

function reachable(addresses) {
  return [
    make("h2", {}, "Show the pages on another device"),
    make("p", {}, "Open this on a tablet or phone in the same network, and choose “Show what is played”."),
    make("div.code", {}, make("img", { src: "/api/qr.svg", alt: "QR code of the address below" })),
    ...addresses.map((address) => make("p.address", {}, showAddress(address))),
    make(
      "p.soft.small",
      {},
      "Whoever knows this address can see your library. Browsers give the microphone to localhost and https " +
        "only: to let the other device listen as well, start standpartner with --tls.",
    ),
  ];
}

function unreachable() {
  return [
    make("h2", {}, "This computer only"),
    make(
      "p",
      {},
      "standpartner answers to this computer alone. To show the pages on other devices in your network, start it so:",
    ),
    make("p.address", {}, "standpartner serve --host 0.0.0.0"),
  ];
}
