// A text to copy: the text itself, and a button.

import { fill, h } from "../dom.ts";
import { icon } from "./icons.ts";
import { attempt } from "./notice.ts";

/** One line of code with a button that copies it. */
export function copyable(text: string, label: string): HTMLElement {
  const button = h(
    "button",
    {
      type: "button",
      "aria-label": `Copy ${label}`,
      onclick: async () => {
        if (!(await attempt("Copying", () => navigator.clipboard.writeText(text)))) return;
        fill(button, icon("copy"), "Copied");
        setTimeout(() => fill(button, icon("copy"), "Copy"), 2000);
      },
    },
    icon("copy"),
    "Copy",
  );
  return h("div", { class: "copyable" }, h("code", { tabindex: "0" }, text), button);
}
