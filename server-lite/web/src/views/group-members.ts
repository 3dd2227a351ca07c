// Who may do what in a group.

import type { App } from "../app.ts";
import { order } from "../control.ts";
import { h } from "../dom.ts";
import { ALL_RIGHTS, has, RIGHT, type Group } from "../model.ts";
import { line } from "../text.ts";
import { ask, type Field } from "../ui/dialog.ts";

const RIGHTS: [bit: number, label: string][] = [
  [0x1, "Edit the group"],
  [0x2, "Manage its members"],
  [0x4, "Manage devices (rename, move, remove)"],
  [0x8, "Remote control (terminal, files, desktop)"],
  [0x10, "Agent console and cores"],
  [0x40, "Wake devices"],
  [0x4000, "Messages on the screen"],
  [0x20000, "Run commands"],
  [0x40000, "Restart and power off"],
  [0x100000, "See details (hardware, network)"],
  [0x100, "But: look at the desktop only"],
  [0x200, "But: no terminal"],
  [0x400, "But: no files"],
  [0x10000, "But: no desktop"],
];

const OPERATOR = 0x8 | 0x40 | 0x4000 | 0x20000 | 0x40000 | 0x100000;

/** What a set of rights is called. */
export function rightsName(rights: number): string {
  if (rights >>> 0 === ALL_RIGHTS) return "Everything";
  if (rights >>> 0 === OPERATOR) return "Operator";
  if (rights >>> 0 === RIGHT.details) return "Viewer";
  const count = RIGHTS.filter(([bit]) => rights & bit).length;
  return `${count} of ${RIGHTS.length} rights`;
}

/** The card of a group's page. */
export function membersCard(app: App, group: Group): HTMLElement {
  const manage = has(app.model.rightsFor(group._id), RIGHT.manageUsers);
  const rows = Object.entries(group.links)
    .slice(0, 500)
    .map(([userid, link]) => {
      const name = line(link.name || userid.replace(/^user\/\//, ""), 64);
      const named = RIGHTS.filter(([bit]) => link.rights & bit).map(([, label]) => label);
      return h(
        "tr",
        null,
        h("td", null, name),
        h("td", null, h("span", { title: link.rights >>> 0 === ALL_RIGHTS ? "" : named.join("\n") }, rightsName(link.rights))),
        h(
          "td",
          { class: "buttons" },
          manage
            ? [
                h("button", { type: "button", class: "small", "aria-label": `Change the rights of ${name}`, onclick: () => void change(app, group, userid, name, link.rights) }, "Change"),
                h("button", { type: "button", class: "small danger", "aria-label": `Remove ${name}`, onclick: () => void remove(app, group, userid, name) }, "Remove"),
              ]
            : null,
        ),
      );
    });
  return h(
    "div",
    { class: "card wide" },
    h("h2", null, "Members"),
    h("div", { class: "table-box" }, h("table", null, h("thead", null, h("tr", null, ["User", "Rights", ""].map((label) => h("th", { scope: "col" }, label)))), h("tbody", null, rows))),
    manage ? h("button", { type: "button", onclick: () => void change(app, group, "", "", OPERATOR) }, "Add a member") : null,
  );
}

async function change(app: App, group: Group, userid: string, name: string, rights: number): Promise<void> {
  const all = rights >>> 0 === ALL_RIGHTS;
  const fields: Field[] = [
    ...(userid ? [] : [{ name: "user", label: "User name", required: true, maxlength: 64 } as Field]),
    {
      name: "preset",
      label: "Rights",
      type: "select",
      value: all ? "all" : rights >>> 0 === OPERATOR ? "operator" : rights >>> 0 === RIGHT.details ? "viewer" : "own",
      options: [
        ["all", "Everything"],
        ["operator", "Operator: work with devices, change nothing else"],
        ["viewer", "Viewer: see devices and their details"],
        ["own", "As ticked below"],
      ],
    },
    ...RIGHTS.map(([bit, label]): Field => ({ name: `r${bit}`, label, type: "checkbox", value: String(!all && (rights & bit) !== 0) })),
  ];
  await ask({
    title: userid ? `Rights of ${name}` : "Add a member",
    fields,
    confirm: "Save",
    action: (values) => {
      const ticked = RIGHTS.reduce((sum, [bit]) => (values[`r${bit}`] === "true" ? sum | bit : sum), 0);
      const given = { all: ALL_RIGHTS, operator: OPERATOR, viewer: RIGHT.details as number }[values["preset"] ?? ""] ?? ticked;
      const who = userid ? { userid } : { usernames: [values["user"]!.trim()] };
      return order(app.control, { action: "addmeshuser", meshid: group._id, meshadmin: given >>> 0, ...who });
    },
  });
}

async function remove(app: App, group: Group, userid: string, name: string): Promise<void> {
  await ask({
    title: `Remove ${name} from ${line(group.name, 60)}?`,
    text: h("p", null, "The account itself stays."),
    confirm: "Remove",
    danger: true,
    action: () => order(app.control, { action: "removemeshuser", meshid: group._id, userid }),
  });
}
