// Device groups: the list, and one group with its members and how a device gets into it.

import { Ends, type App, type View } from "../app.ts";
import { order } from "../control.ts";
import { fill, h } from "../dom.ts";
import { moment } from "../format.ts";
import { bare, has, RIGHT, type Group } from "../model.ts";
import { go, to } from "../router.ts";
import { asText, block, line } from "../text.ts";
import { ask } from "../ui/dialog.ts";
import { icon } from "../ui/icons.ts";
import { sortedTable } from "../ui/table.ts";
import { installCard } from "./group-install.ts";
import { membersCard } from "./group-members.ts";

export function groupsPage(app: App): View {
  const ends = new Ends();
  const table = sortedTable<Group>(
    "Device groups",
    [
      {
        label: "Group",
        sort: (row) => row.name,
        cell: (row) => h("a", { href: to("group", bare(row._id)) }, line(row.name, 60)),
      },
      { label: "Description", class: "wide-cell", sort: (row) => asText(row.desc), cell: (row) => line(row.desc, 120) },
      { label: "Devices", class: "number", descending: true, sort: (row) => app.model.devicesOf(row._id).length, cell: (row) => app.model.devicesOf(row._id).length },
      {
        label: "Connected",
        class: "number",
        descending: true,
        sort: (row) => online(app, row),
        cell: (row) => online(app, row),
      },
      { label: "Members", class: "number", sort: (row) => Object.keys(row.links).length, cell: (row) => Object.keys(row.links).length },
    ],
    0,
    "No group yet.",
  );
  const element = h(
    "section",
    { class: "page fill" },
    h(
      "div",
      { class: "page-head" },
      h("h1", null, "Groups"),
      h("button", { type: "button", class: "primary", onclick: () => void create(app) }, icon("plus"), "New group"),
    ),
    table.element,
  );
  const draw = () => table.set([...app.model.groups.values()]);
  ends.add(app.model.watch((change) => change.kind !== "event" && draw()));
  draw();
  return { title: "Groups", element, dispose: ends.run };
}

export function groupPage(app: App, short: string): View {
  const ends = new Ends();
  const id = `mesh//${short}`;
  const head = h("div", { class: "page-head" });
  const body = h("div", { class: "scroll" });
  const element = h("section", { class: "page fill" }, head, body);
  let before = "";

  function draw(): void {
    const group = app.model.groups.get(id);
    const rights = app.model.rightsFor(id);
    // Drawn anew only when something shown has changed: people may be copying text from it.
    const now = JSON.stringify([group, rights, app.model.loaded, app.model.devicesOf(id).length]);
    if (now === before) return;
    before = now;
    if (!group) {
      fill(head, h("h1", null, "Group"));
      fill(
        body,
        app.model.loaded
          ? h("div", { class: "empty" }, h("h2", null, "There is no such group"), h("a", { href: to("groups") }, "To the groups"))
          : h("p", { class: "loading" }, "Loading…"),
      );
      return;
    }
    const edit = has(rights, RIGHT.editGroup);
    fill(
      head,
      h("a", { href: to("groups"), class: "back", "aria-label": "All groups" }, "‹"),
      h("h1", { class: "ellipsis" }, line(group.name, 80)),
      edit ? h("button", { type: "button", onclick: () => void change(app, group) }, "Edit") : null,
      rights >>> 0 === 0xffffffff ? h("button", { type: "button", class: "danger", onclick: () => void remove(app, group) }, "Delete") : null,
    );
    const count = app.model.devicesOf(id).length;
    fill(
      body,
      group.desc ? h("p", { class: "pre" }, block(group.desc, 1024)) : null,
      h(
        "p",
        { class: "muted" },
        `${count} device${count === 1 ? "" : "s"}`,
        group.creation ? `, made ${moment(group.creation)}` : "",
      ),
      h("div", { class: "cards" }, installCard(group), membersCard(app, group)),
    );
  }
  ends.add(app.model.watch((event) => event.kind !== "event" && draw()));
  draw();
  return {
    get title() {
      return line(app.model.groups.get(id)?.name ?? "Group", 60);
    },
    element,
    dispose: ends.run,
  };
}

function online(app: App, group: Group): number {
  return app.model.devicesOf(group._id).filter((device) => device.conn).length;
}

async function create(app: App): Promise<void> {
  let made = "";
  const done = await ask({
    title: "New group",
    fields: [
      { name: "name", label: "Name", required: true, maxlength: 128 },
      { name: "desc", label: "Description", type: "textarea", maxlength: 1024 },
    ],
    confirm: "Make it",
    action: async (values) => {
      const answer = await order(app.control, {
        action: "createmesh",
        meshname: values["name"]!.trim(),
        meshtype: 2,
        desc: values["desc"],
      });
      made = asText(answer["meshid"]);
    },
  });
  if (done && made) go("group", bare(made));
}

async function change(app: App, group: Group): Promise<void> {
  await ask({
    title: "Edit the group",
    fields: [
      { name: "name", label: "Name", required: true, value: asText(group.name), maxlength: 128 },
      { name: "desc", label: "Description", type: "textarea", value: asText(group.desc), maxlength: 1024 },
    ],
    confirm: "Save",
    action: (values) =>
      order(app.control, { action: "editmesh", meshid: group._id, meshname: values["name"]!.trim(), desc: values["desc"] }),
  });
}

async function remove(app: App, group: Group): Promise<void> {
  const count = app.model.devicesOf(group._id).length;
  const done = await ask({
    title: `Delete ${line(group.name, 60)}?`,
    text: h("p", null, count > 0 ? `Its ${count} device${count === 1 ? " is" : "s are"} removed with it; their agents are turned away from then on.` : "It has no devices."),
    fields: count > 0 ? [{ name: "sure", label: `Yes, remove ${count} device${count === 1 ? "" : "s"}`, type: "checkbox", required: true }] : [],
    confirm: "Delete",
    danger: true,
    action: () => order(app.control, { action: "deletemesh", meshid: group._id }),
  });
  if (done) go("groups");
}
