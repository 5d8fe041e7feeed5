/** The settings of a performance, in a dialog over the pages. */
import { openDevices } from "./devices.js";
import { make } from "./dom.js";
import { listMicrophones, whyNoMicrophone } from "./microphone.js";
import { applyTheme, preference, setPreference } from "./preferences.js";

const LAYOUTS = [
  ["auto", "Fits"],
  ["single", "One"],
  ["two", "Two"],
  ["half", "Half turns"],
  ["zoom", "Half"],
];
const THEMES = [
  ["auto", "As the device"],
  ["light", "Light"],
  ["dark", "Dark"],
];

/** @param {import("./performance.js").Performance} owner */
export function openSettings(owner) {
  const dialog = make(
    "dialog.settings",
    {
      "aria-label": "Settings",
      onclose: () => {
        dialog.remove();
        owner.surface.focus({ preventScroll: true });
      },
    },
    make(
      "div.stack",
      {},
      segments("Pages", LAYOUTS, "layout", () => owner.settingsChanged()),
      make(
        "p.soft.small",
        {},
        "Half turns: the upper half turns first, the old lower half stays until you are on the new page.",
      ),
      leadOf(owner),
      leadOfPage(owner),
      segments("Colours", THEMES, "theme", applyTheme),
      choice("Dark pages", "darkPages", () => owner.settingsChanged()),
      ...soundSettings(owner),
      make(
        "div.actions",
        {},
        make(
          "button",
          {
            type: "button",
            onclick: () => {
              dialog.close();
              openDevices();
            },
          },
          "Other devices",
        ),
        make("button.primary", { type: "button", onclick: () => dialog.close() }, "Done"),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}

function segments(legend, options, name, changed) {
  const buttons = options.map(([value, words]) =>
    make(
      "button",
      {
        type: "button",
        "aria-pressed": String(preference(name) === value),
        onclick: () => {
          setPreference(name, value);
          buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(options[index][0] === value)));
          changed();
        },
      },
      words,
    ),
  );
  return make(
    "div.row",
    { role: "group", "aria-label": legend },
    make("span.legend", {}, legend),
    make("div.segments", {}, ...buttons),
  );
}

function choice(words, name, changed = () => {}) {
  const input = make("input", {
    type: "checkbox",
    checked: preference(name),
    onchange: () => {
      setPreference(name, input.checked);
      changed();
    },
  });
  return make("label.choice", {}, input, words);
}

/** Say a lead as players do. @param {number} lead */
function wordsOfLead(lead) {
  if (lead === 0) return "at the very end";
  return lead === 1 ? "1 system before the end" : `${lead} systems before the end`;
}

function slider(legend, value, changed) {
  const output = make("output", {}, wordsOfLead(value));
  const input = make("input", {
    type: "range",
    min: "0",
    max: "2",
    step: "0.1",
    oninput: () => {
      output.textContent = wordsOfLead(Number(input.value));
      changed(Number(input.value));
    },
  });
  input.value = String(value);
  return make("label.field", {}, make("span", {}, legend, " ", output), input);
}

function leadOf(owner) {
  return slider("Pages turn", preference("lead"), (lead) => {
    setPreference("lead", lead);
    owner.settingsChanged();
  });
}

function leadOfPage(owner) {
  const page = owner.turner.view.panes.at(-1).page;
  const own = () => owner.leads[page];
  const set = (lead) => {
    const { [page]: _, ...rest } = owner.leads;
    const leads = lead === null ? rest : { ...rest, [page]: lead };
    setPreference("leads", { ...preference("leads"), [owner.score.id]: leads });
    owner.settingsChanged();
  };
  const range = slider(`Page ${page + 1} turns`, own() ?? preference("lead"), set);
  range.hidden = own() === undefined;
  const input = make("input", {
    type: "checkbox",
    checked: own() !== undefined,
    onchange: () => {
      range.hidden = !input.checked;
      set(input.checked ? Number(range.querySelector("input").value) : null);
    },
  });
  return make("div.row", {}, make("label.choice", {}, input, `Page ${page + 1} turns at a time of its own`), range);
}

function soundSettings(owner) {
  const impossible = whyNoMicrophone();
  if (impossible) return [make("p.soft.small", {}, impossible)];
  const select = make(
    "select",
    { onchange: () => setPreference("deviceId", select.value) },
    make("option", { value: "" }, "The device's own choice"),
  );
  listMicrophones().then((microphones) => {
    microphones
      .filter(({ id }) => id !== "default")
      .forEach(({ id, label }) => select.append(make("option", { value: id }, label)));
    select.value = preference("deviceId");
    if (select.selectedIndex < 0) select.value = "";
  });
  const anywhere = make("input", {
    type: "checkbox",
    checked: owner.anywhere,
    onchange: () => {
      owner.anywhere = anywhere.checked;
    },
  });
  return [
    make("label.field", {}, make("span", {}, "Microphone"), select),
    make("label.choice", {}, anywhere, "Find by ear where I begin"),
    choice("Keep the sound of my takes on this computer", "keepAudio"),
  ];
}
