// The files of a device: a folder, what is in it, and what can be done with it.

import { Ends, type App } from "../app.ts";
import { fill, h } from "../dom.ts";
import { bytes, moment } from "../format.ts";
import type { DeviceNode } from "../model.ts";
import { asText, block, line } from "../text.ts";
import { ask, show } from "../ui/dialog.ts";
import { icon } from "../ui/icons.ts";
import { attempt, notice, reason } from "../ui/notice.ts";
import { securityBadge } from "../ui/security.ts";
import { sortedTable } from "../ui/table.ts";
import type { Tab } from "../views/device.ts";
import { transferQueue } from "./queue.ts";
import { type Entry, type FilesSession, join, openFiles } from "./session.ts";

export function filesTab(app: App, node: () => DeviceNode | undefined, _id: string): Tab {
  const ends = new Ends();
  let session: FilesSession | null = null;
  let opening: Promise<FilesSession> | null = null;
  let folder = "/";
  let entries: Entry[] = [];
  const ticked = new Set<string>();
  let clip: { folder: string; names: string[]; move: boolean } | null = null;

  const status = h("span", { class: "session-status", role: "status" });
  const crumbs = h("nav", { class: "crumbs", "aria-label": "Folder" });
  const picker = h("input", { type: "file", multiple: true, class: "visually-hidden", tabindex: "-1", "aria-hidden": "true" });
  const filter = h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter names", oninput: () => draw() });
  const tools = h("div", { class: "toolbar", role: "toolbar", "aria-label": "Files" });
  const said = h("p", { class: "muted", role: "status" });
  said.hidden = true;
  const queue = transferQueue(use, (where) => {
    if (where === folder) void list();
  });
  const table = sortedTable<Entry>(
    "Files",
    [
      { label: "", class: "tick-cell", cell: (row) => tick(row) },
      { label: "Name", class: "wide-cell", sort: (row) => (row.kind === "file" ? "1" : "0") + row.name, cell: (row) => nameCell(row) },
      { label: "Size", class: "number", descending: true, sort: (row) => row.size ?? -1, cell: (row) => (row.kind === "folder" ? "" : bytes(row.size)) },
      { label: "Changed", class: "when", descending: true, sort: (row) => row.time, cell: (row) => moment(row.time) },
    ],
    1,
    "This folder is empty.",
  );
  const element = h(
    "div",
    { class: "files-tab" },
    h("div", { class: "toolbar" }, crumbs, filter, h("button", { type: "button", onclick: () => void list(), "aria-label": "Refresh", title: "Refresh" }, icon("refresh")), status),
    tools,
    said,
    table.element,
    queue.element,
    picker,
  );

  /** The open session; opens one when there is none. */
  function use(): Promise<FilesSession> {
    if (session && session.over === null) return Promise.resolve(session);
    opening ??= open().finally(() => (opening = null));
    return opening;
  }

  async function open(): Promise<FilesSession> {
    const device = node();
    if (!device) throw new Error("There is no such device.");
    fill(status, "Connecting…");
    const opened = await openFiles(app.control, device, (why) => {
      if (session === opened) fill(status, h("span", { class: "bad-text" }, line(why, 100)), h("button", { type: "button", class: "small", onclick: () => void list() }, "Connect again"));
    });
    if (ends.signal.aborted) {
      opened.close();
      throw new Error("The page was left.");
    }
    session = opened;
    opened.onSaid = heard;
    fill(status, securityBadge(opened.tunnel));
    return opened;
  }

  /** What the device says without being asked. */
  function heard(message: Record<string, unknown>): void {
    const text = message["msg"];
    if (message["action"] === "dialogmessage") {
      said.hidden = text === null;
      const words: Record<string, string> = { zipping: "Zipping…", zippingFile: "Zipping", unzipping: "Unzipping…", unziperror: "Unzipping failed" };
      const file = asText(message["file"]);
      fill(said, text === null ? "" : `${words[asText(text)] ?? line(text, 60)} ${line(file, 60)} ${asText(message["error"])}`);
      if (text === "unziperror") notice(`Unzipping failed: ${asText(message["error"])}`, "bad");
    } else if (message["action"] === "refresh") {
      said.hidden = true;
      void list();
    } else if (message["action"] === "error") notice(block(message["error"] ?? message["msg"], 300) || "The device refused.", "bad");
    else if (message["type"] === "console" && typeof text === "string") notice(text);
  }

  async function list(where = folder): Promise<void> {
    table.element.setAttribute("aria-busy", "true");
    try {
      const open = await use();
      const found = await open.list(where);
      if (ends.signal.aborted) return;
      if (where !== folder) {
        ticked.clear();
        filter.value = "";
      }
      folder = where;
      entries = found;
      for (const name of ticked) if (!found.some((one) => one.name === name)) ticked.delete(name);
      draw();
    } catch (error) {
      if (!session || session.over !== null) fill(status, h("span", { class: "bad-text" }, reason(error)), h("button", { type: "button", class: "small", onclick: () => void list() }, "Try again"));
      else notice(reason(error), "bad");
    } finally {
      table.element.removeAttribute("aria-busy");
    }
  }

  function draw(): void {
    drawCrumbs();
    drawTools();
    const words = filter.value.toLowerCase();
    table.set(words ? entries.filter((one) => one.name.toLowerCase().includes(words)) : entries);
  }

  function drawCrumbs(): void {
    const windows = /^[A-Za-z]:/.test(folder);
    const names = folder.split(/[/\\]/).filter(Boolean);
    const step = (label: string, path: string) => h("button", { type: "button", class: "crumb", onclick: () => void list(path) }, label);
    fill(
      crumbs,
      step(windows ? "Drives" : "/", windows ? "" : "/"),
      names.map((name, index) => [
        index > 0 || windows ? h("span", { "aria-hidden": "true" }, "/") : null,
        step(line(name, 40), (windows ? "" : "/") + names.slice(0, index + 1).join("/") + (windows && index === 0 ? "/" : "")),
      ]),
    );
  }

  function drawTools(): void {
    const names = [...ticked];
    const one = names.length === 1 ? entries.find((entry) => entry.name === names[0]) : undefined;
    const files = entries.filter((entry) => ticked.has(entry.name) && entry.kind === "file");
    const button = (label: string, action: () => unknown, kind?: string) => h("button", { type: "button", class: kind, onclick: action }, label);
    fill(
      tools,
      h("button", { type: "button", class: "primary", onclick: () => picker.click() }, icon("up"), "Upload"),
      button("New folder", () => void newFolder()),
      button("Find…", () => void find()),
      names.length > 0
        ? [
            h("span", { class: "divider" }),
            files.length > 0 ? h("button", { type: "button", onclick: () => files.forEach((file) => queue.download(folder, file)) }, icon("down"), "Download") : null,
            one ? button("Rename", () => void rename(one)) : null,
            button("Copy", () => take(names, false)),
            button("Cut", () => take(names, true)),
            button("Zip…", () => void zip(names)),
            one?.kind === "file" && /\.zip$/i.test(one.name) ? button("Unzip…", () => void unzip(one)) : null,
            one?.kind === "file" ? button("Hash", () => void hash(one)) : null,
            button("Delete", () => void remove(names), "danger"),
          ]
        : null,
      clip ? h("button", { type: "button", onclick: () => void paste() }, `Paste ${clip.names.length} here`) : null,
    );
  }

  function tick(row: Entry): HTMLElement {
    const box = h("input", {
      type: "checkbox",
      "aria-label": `Tick ${line(row.name)}`,
      checked: ticked.has(row.name),
      onchange: () => {
        if (box.checked) ticked.add(row.name);
        else ticked.delete(row.name);
        drawTools();
      },
    });
    return box;
  }

  function nameCell(row: Entry): HTMLElement {
    const name = line(row.name, 160);
    if (row.kind === "file") {
      return h("button", { type: "button", class: "file-name", title: `Download ${name}`, onclick: () => queue.download(folder, row) }, icon("file"), h("span", { class: "ellipsis" }, name));
    }
    return h("button", { type: "button", class: "file-name folder", onclick: () => void list(join(folder, row.name)) }, icon(row.kind === "drive" ? "drive" : "folder"), h("span", { class: "ellipsis" }, name));
  }

  /** Sends a command that answers nothing, then looks at the folder until it has been carried out. */
  async function order(what: string, command: Record<string, unknown>, there?: (entries: Entry[]) => boolean): Promise<void> {
    await attempt(what, async () => {
      const open = await use();
      open.send(command);
      // Most commands have no answer: the list that is asked for after them is answered after them.
      await list();
      for (let round = 0; there && !there(entries) && round < 5; round++) {
        await new Promise((resolve) => setTimeout(resolve, 200 * (round + 1)));
        await list();
      }
      if (there && !there(entries)) throw new Error("the device has not done it; perhaps it may not.");
    });
  }

  const isThere = (name: string) => (all: Entry[]) => all.some((one) => one.name === name);

  async function newFolder(): Promise<void> {
    const values = await ask({ title: "New folder", fields: [{ name: "name", label: "Name", required: true, maxlength: 255 }], confirm: "Make it", action: (given) => check(given["name"]!) });
    if (values) await order("The folder", { action: "mkdir", path: join(folder, values["name"]!) }, isThere(values["name"]!));
  }

  async function rename(entry: Entry): Promise<void> {
    const values = await ask({
      title: "Rename",
      fields: [{ name: "name", label: "New name", required: true, value: entry.name, maxlength: 255 }],
      confirm: "Rename",
      action: (given) => {
        check(given["name"]!);
        if (isThere(given["name"]!)(entries)) throw new Error("There is something of this name already.");
      },
    });
    if (!values) return;
    await order("Renaming", { action: "rename", path: folder, oldname: entry.name, newname: values["name"] }, isThere(values["name"]!));
  }

  async function remove(names: string[]): Promise<void> {
    const folders = entries.some((entry) => ticked.has(entry.name) && entry.kind === "folder");
    const done = await ask({
      title: names.length === 1 ? `Delete ${line(names[0], 60)}?` : `Delete ${names.length} things?`,
      text: h("p", null, folders ? "Folders go with everything in them. " : "", "This cannot be undone."),
      confirm: "Delete",
      danger: true,
    });
    if (!done) return;
    await order("Deleting", { action: "rm", path: folder, delfiles: names, rec: folders }, (all) => !all.some((one) => names.includes(one.name)));
  }

  function take(names: string[], move: boolean): void {
    clip = { folder, names, move };
    notice(`${names.length} to ${move ? "move" : "copy"}: go to the folder where they shall be, and paste.`);
    drawTools();
  }

  async function paste(): Promise<void> {
    if (!clip) return;
    const { folder: from, names, move } = clip;
    clip = null;
    await order(move ? "Moving" : "Copying", { action: move ? "move" : "copy", scpath: from, dspath: folder, names }, (all) => names.every((name) => isThere(name)(all)));
  }

  async function zip(names: string[]): Promise<void> {
    const values = await ask({ title: "Zip", fields: [{ name: "name", label: "Name of the zip file", required: true, value: `${names.length === 1 ? names[0] : "files"}.zip`, maxlength: 255 }], confirm: "Zip", action: (given) => check(given["name"]!) });
    if (values) await attempt("Zipping", async () => (await use()).send({ action: "zip", path: folder, files: names, output: join(folder, values["name"]!) }));
  }

  async function unzip(entry: Entry): Promise<void> {
    const values = await ask({ title: "Unzip", fields: [{ name: "name", label: "Into the folder", required: true, value: entry.name.replace(/\.zip$/i, ""), maxlength: 255 }], confirm: "Unzip", action: (given) => check(given["name"]!) });
    if (values) await attempt("Unzipping", async () => (await use()).send({ action: "unzip", input: join(folder, entry.name), dest: join(folder, values["name"]!) }));
  }

  async function hash(entry: Entry): Promise<void> {
    await attempt("The hash", async () => {
      const found = await (await use()).hash(folder, entry.name);
      if (!found) throw new Error("the device cannot read this file.");
      await show(`SHA-384 of ${line(entry.name, 60)}`, h("code", { class: "id" }, found));
    });
  }

  async function find(): Promise<void> {
    const results = h("ul", { class: "found", "aria-live": "polite" });
    const state = h("p", { class: "muted", role: "status" });
    const abort = new AbortController();
    const words = h("input", { type: "search", "aria-label": "Name to find", placeholder: "Part of a name, or *.log", required: true, maxlength: 255 });
    const form = h(
      "form",
      {
        class: "toolbar",
        onsubmit: async (event: Event) => {
          event.preventDefault();
          fill(results);
          fill(state, "Searching…");
          let count = 0;
          const start = folder;
          const pattern = /[*?]/.test(words.value) ? words.value : `*${words.value}*`;
          try {
            await (await use()).find(
              start,
              pattern,
              (path) => {
                count++;
                const full = path.startsWith("/") ? path : join(start, path);
                const parent = full.slice(0, Math.max(1, full.lastIndexOf("/")));
                results.append(h("li", null, h("button", { type: "button", class: "crumb", onclick: () => (results.closest("dialog")?.close(), void list(parent)) }, line(path, 200))));
                fill(state, `${count} found so far…`);
              },
              abort.signal,
            );
            fill(state, count >= 1000 ? "The first 1000 are shown." : `${count} found.`);
          } catch (error) {
            fill(state, reason(error));
          }
        },
      },
      words,
      h("button", { type: "submit", class: "primary" }, "Find"),
    );
    const closed = show(`Find below ${line(folder, 80)}`, form, state, results);
    words.focus();
    await closed;
    abort.abort();
  }

  picker.addEventListener("change", () => {
    queue.upload([...(picker.files ?? [])], folder, entries);
    picker.value = "";
  });
  element.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    element.classList.add("dropping");
  });
  element.addEventListener("dragleave", (event) => {
    if (!element.contains(event.relatedTarget as Node)) element.classList.remove("dropping");
  });
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    element.classList.remove("dropping");
    queue.upload([...(event.dataTransfer?.files ?? [])], folder, entries);
  });
  ends.add(() => {
    queue.stop();
    session?.close();
  });
  draw();
  let begun = false;
  return {
    element,
    dispose: ends.run,
    shown() {
      if (begun) return;
      begun = true;
      void list();
    },
  };
}

/** A name that is one name, and not a way elsewhere. */
function check(name: string): void {
  if (name === "." || name === ".." || /[/\\\0]/.test(name)) throw new Error("A name has no slashes.");
}
