// A button with a list of things to do; arrow keys move in it, Esc closes it.

import { h } from "../dom.ts";
import { icon, type IconName } from "./icons.ts";

export type MenuItem = [label: string, action: () => unknown, kind?: "danger" | undefined];

/** The button with its menu. */
export function menu(label: string, picture: IconName, items: MenuItem[]): HTMLElement {
  const list = h("div", { class: "menu-list", role: "menu", "aria-label": label });
  list.hidden = true;
  const button = h(
    "button",
    { type: "button", "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => open(list.hasAttribute("hidden")) },
    h("span", null, label),
    icon(picture),
  );
  const box = h("div", { class: "menu" }, button, list);
  const outside = (event: Event) => {
    if (!box.contains(event.target as Node)) open(false);
  };
  function open(wanted: boolean): void {
    list.hidden = !wanted;
    button.setAttribute("aria-expanded", String(wanted));
    if (wanted) {
      document.addEventListener("pointerdown", outside);
      list.querySelector<HTMLElement>("button")?.focus();
    } else document.removeEventListener("pointerdown", outside);
  }
  for (const [text, action, kind] of items) {
    list.append(
      h(
        "button",
        {
          type: "button",
          role: "menuitem",
          class: kind,
          onclick: () => {
            open(false);
            button.focus();
            action();
          },
        },
        text,
      ),
    );
  }
  box.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const all = [...list.querySelectorAll<HTMLElement>("button")];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const goal: Record<string, number> = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    };
    if (event.key === "Escape") {
      open(false);
      button.focus();
    } else if (event.key === "Tab") open(false);
    else if (goal[event.key] !== undefined) all[goal[event.key]!]?.focus();
    else return;
    if (event.key !== "Tab") event.preventDefault();
  });
  return box;
}
