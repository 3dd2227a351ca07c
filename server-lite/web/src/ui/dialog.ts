// Modal dialogs by the browser's own `dialog`: it keeps the focus inside, and Esc closes it.

import { fill, h, type Child } from "../dom.ts";
import { reason } from "./notice.ts";

export interface Field {
  name: string;
  label: string;
  type?: "text" | "password" | "textarea" | "select" | "checkbox" | "email";
  value?: string;
  options?: [value: string, label: string][];
  required?: boolean;
  hint?: string;
  maxlength?: number;
  autocomplete?: string;
}

interface Ask {
  title: string;
  text?: Child;
  fields?: Field[];
  /** Label of the button that does it. */
  confirm?: string;
  /** It cannot be undone: the button is red, and is not the first to have the focus. */
  danger?: boolean;
  /** Does it. While it runs the dialog stays; when it fails the dialog shows why. */
  action?: (values: Record<string, string>) => Promise<unknown> | unknown;
}

/** Shows something with a button to close it. Resolves when it is closed. */
export function show(title: string, ...body: Child[]): Promise<void> {
  return new Promise((resolve) => {
    const box = frame(title, () => resolve());
    const close = h("button", { type: "button", onclick: () => box.close() }, "Close");
    box.append(h("div", { class: "dialog-body" }, ...body), h("div", { class: "dialog-actions" }, close));
    box.showModal();
  });
}

/** Asks; resolves with the values of the fields, or null when it was closed without doing it. */
export function ask(question: Ask): Promise<Record<string, string> | null> {
  return new Promise((resolve) => {
    let result: Record<string, string> | null = null;
    const box = frame(question.title, () => resolve(result));
    const failed = h("p", { class: "bad-text", role: "alert" });
    const confirm = h(
      "button",
      { type: "submit", class: question.danger ? "danger" : "primary" },
      question.confirm ?? "OK",
    );
    const cancel = h("button", { type: "button", onclick: () => box.close() }, "Cancel");
    const inputs = (question.fields ?? []).map((field) => [field, input(field)] as const);
    const form = h(
      "form",
      {
        onsubmit: async (event: Event) => {
          event.preventDefault();
          const values: Record<string, string> = {};
          for (const [field, control] of inputs) values[field.name] = read(control);
          confirm.disabled = true;
          fill(failed);
          try {
            await question.action?.(values);
            result = values;
            box.close();
          } catch (error) {
            fill(failed, reason(error));
            confirm.disabled = false;
          }
        },
      },
      h(
        "div",
        { class: "dialog-body" },
        question.text ? h("div", { class: "dialog-text" }, question.text) : null,
        inputs.map(([field, control]) => row(field, control)),
        failed,
      ),
      h("div", { class: "dialog-actions" }, cancel, confirm),
    );
    box.append(form);
    box.showModal();
    if (question.danger && inputs.length === 0) cancel.focus();
  });
}

type Input = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

function frame(title: string, closed: () => void): HTMLDialogElement {
  const box = h("dialog", { class: "dialog", "aria-label": title }, h("h2", null, title));
  box.addEventListener("close", () => {
    box.remove();
    closed();
  });
  document.body.append(box);
  return box;
}

function input(field: Field): Input {
  const common = {
    name: field.name,
    required: field.required,
    maxlength: field.maxlength,
    autocomplete: field.autocomplete ?? "off",
  };
  if (field.type === "textarea") return h("textarea", { ...common, rows: 4, value: field.value ?? "" });
  if (field.type === "select") {
    const list = h(
      "select",
      common,
      (field.options ?? []).map(([value, label]) => h("option", { value, selected: value === field.value }, label)),
    );
    return list;
  }
  if (field.type === "checkbox") return h("input", { ...common, type: "checkbox", checked: field.value === "true" });
  return h("input", { ...common, type: field.type ?? "text", value: field.value ?? "", spellcheck: "false" });
}

function row(field: Field, control: Input): HTMLElement {
  const hint = field.hint ? h("small", null, field.hint) : null;
  if (field.type === "checkbox") return h("label", { class: "check" }, control, " ", field.label, hint);
  return h("label", { class: "field" }, h("span", null, field.label), control, hint);
}

function read(control: Input): string {
  return control instanceof HTMLInputElement && control.type === "checkbox" ? String(control.checked) : control.value;
}
