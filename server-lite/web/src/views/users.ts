// Accounts, for those who manage them.

import { Ends, type App, type View } from "../app.ts";
import { order } from "../control.ts";
import { fill, h } from "../dom.ts";
import { isRecord } from "../model.ts";
import { asText, line } from "../text.ts";
import { ask, type Field } from "../ui/dialog.ts";
import { icon } from "../ui/icons.ts";
import { reason } from "../ui/notice.ts";
import { sortedTable } from "../ui/table.ts";

interface Account {
  id: string;
  name: string;
  email: string;
  site: number;
}

const ADMIN = 0xffffffff;

export function usersPage(app: App): View {
  const ends = new Ends();
  const status = h("p", { role: "status", class: "muted" });
  const table = sortedTable<Account>(
    "Accounts",
    [
      { label: "Name", sort: (row) => row.name, cell: (row) => line(row.name, 64) },
      { label: "E-mail", class: "wide-cell", sort: (row) => row.email, cell: (row) => line(row.email, 80) },
      { label: "Role", sort: (row) => role(row), cell: (row) => role(row) },
      {
        label: "",
        class: "buttons",
        cell: (row) => [
          h("button", { type: "button", class: "small", "aria-label": `New password for ${line(row.name, 64)}`, onclick: () => void password(app, row) }, "New password"),
          row.id === app.session.user.id
            ? null
            : h("button", { type: "button", class: "small danger", "aria-label": `Remove ${line(row.name, 64)}`, onclick: () => void remove(row) }, "Remove"),
        ],
      },
    ],
    0,
    "No account to show.",
  );
  const element = h(
    "section",
    { class: "page fill" },
    h("div", { class: "page-head" }, h("h1", null, "Users"), h("button", { type: "button", class: "primary", onclick: () => void add() }, icon("plus"), "Add a user")),
    status,
    table.element,
  );

  function load(): void {
    app.control
      .ask({ action: "users" })
      .then((answer) => {
        const users = answer["users"];
        if (!Array.isArray(users)) throw new Error(asText(answer["result"]) || "The server gave no list.");
        fill(status);
        table.set(
          users.filter(isRecord).map((one) => ({
            id: asText(one["_id"]),
            name: asText(one["name"]),
            email: asText(one["email"]),
            site: Number(one["siteadmin"]) || 0,
          })),
        );
      })
      .catch((error) => fill(status, h("span", { class: "bad-text" }, reason(error))));
  }

  async function add(): Promise<void> {
    const fields: Field[] = [
      { name: "name", label: "Name", required: true, maxlength: 64 },
      { name: "pass", label: "Password", type: "password", required: true, maxlength: 256, autocomplete: "new-password" },
      { name: "email", label: "E-mail", type: "email", maxlength: 256 },
    ];
    if (app.session.user.site >>> 0 === ADMIN) fields.push({ name: "admin", label: "Administrator: may do everything on this server", type: "checkbox" });
    const done = await ask({
      title: "Add a user",
      text: h("p", null, "A new user sees no device until a group has them as a member."),
      fields,
      confirm: "Add",
      action: (values) =>
        order(app.control, {
          action: "adduser",
          username: values["name"]!.trim(),
          pass: values["pass"],
          ...(values["email"] ? { email: values["email"] } : {}),
          ...(values["admin"] === "true" ? { siteadmin: ADMIN } : {}),
        }),
    });
    if (done) load();
  }

  async function remove(row: Account): Promise<void> {
    const done = await ask({
      title: `Remove ${line(row.name, 64)}?`,
      text: h("p", null, "All sessions of this account end at once."),
      confirm: "Remove",
      danger: true,
      action: () => order(app.control, { action: "deleteuser", userid: row.id }),
    });
    if (done) load();
  }

  let opened = false;
  ends.add(
    app.control.watch((state) => {
      if (state === "open" && !opened) {
        opened = true;
        load();
      }
      if (state !== "open") opened = false;
    }),
  );
  return { title: "Users", element, dispose: ends.run };
}

function role(row: Account): string {
  if (row.site >>> 0 === ADMIN) return "administrator";
  return row.site & 0x2 ? "manages users" : "user";
}

async function password(app: App, row: Account): Promise<void> {
  await ask({
    title: `New password for ${line(row.name, 64)}`,
    fields: [{ name: "pass", label: "Password", type: "password", required: true, maxlength: 256, autocomplete: "new-password" }],
    confirm: "Set it",
    action: (values) => order(app.control, { action: "changeuserpass", userid: row.id, pass: values["pass"] }),
  });
}
