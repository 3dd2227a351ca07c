// The transfers of a files tab: one after the other, each with its progress and its end in words.

import { fill, h } from "../dom.ts";
import { bytes, span } from "../format.ts";
import { line } from "../text.ts";
import { ask } from "../ui/dialog.ts";
import { reason } from "../ui/notice.ts";
import { type Entry, type FilesSession, join } from "./session.ts";
import { download, sha384, upload, MAX_HASHED } from "./transfer.ts";

interface Job {
  name: string;
  direction: "up" | "down";
  work(say: (text: string) => void, progress: (done: number, total: number) => void, signal: AbortSignal): Promise<string>;
}

export interface Queue {
  readonly element: HTMLElement;
  /** Files from the reader's machine to a folder of the device. */
  upload(files: File[], folder: string, known: Entry[]): void;
  download(folder: string, entry: Entry): void;
  stop(): void;
}

/** `session` gives the open session, opening one when there is none; `changed` is called when a folder has new content. */
export function transferQueue(session: () => Promise<FilesSession>, changed: (folder: string) => void): Queue {
  const element = h("div", { class: "transfers", role: "region", "aria-label": "Transfers" });
  const waiting: (() => Promise<void>)[] = [];
  const stopped = new AbortController();
  let busy = false;

  async function next(): Promise<void> {
    if (busy) return;
    busy = true;
    for (let work = waiting.shift(); work; work = waiting.shift()) await work();
    busy = false;
  }

  function add(job: Job): void {
    const abort = new AbortController();
    stopped.signal.addEventListener("abort", () => abort.abort(), { once: true });
    const text = h("span", { class: "muted" }, "waits");
    const bar = h("progress", { max: 1, value: 0, "aria-label": `Progress of ${line(job.name, 60)}` });
    const stop = h("button", { type: "button", class: "small", "aria-label": `Stop ${line(job.name, 60)}`, onclick: () => abort.abort() }, "Stop");
    const row = h("div", { class: "transfer" }, h("span", { class: "arrow", "aria-hidden": "true" }, job.direction === "up" ? "↑" : "↓"), h("span", { class: "name ellipsis" }, line(job.name, 80)), bar, text, stop);
    element.append(row);
    waiting.push(async () => {
      if (abort.signal.aborted) return end("stopped", "bad-text");
      const began = performance.now();
      let drawn = 0;
      let first = -1;
      try {
        const said = await job.work(
          (note) => fill(text, note),
          (done, total) => {
            if (first < 0) first = done;
            const now = performance.now();
            if (done < total && now - drawn < 100) return;
            drawn = now;
            bar.max = Math.max(1, total);
            bar.value = done;
            const rate = (done - first) / Math.max(0.001, (now - began) / 1000);
            fill(text, `${bytes(done)} of ${bytes(total)}`, rate > 0 && done < total ? `, ${bytes(rate)}/s, ${span(((total - done) / rate) * 1000)} left` : "");
          },
          abort.signal,
        );
        bar.max = bar.value = 1;
        end(said, "good-text");
      } catch (error) {
        end(reason(error), "bad-text");
      }
      function end(words: string, kind: string): void {
        text.className = kind;
        row.dataset["state"] = kind === "good-text" ? "done" : "failed";
        fill(text, words);
        const remove = h("button", { type: "button", class: "small quiet", "aria-label": "Remove from the list", onclick: () => row.remove() }, "×");
        stop.replaceWith(remove);
      }
    });
    void next();
  }

  return {
    element,
    stop: () => stopped.abort(),
    upload(files, folder, known) {
      for (const file of files) {
        add({
          name: file.name,
          direction: "up",
          async work(say, progress, signal) {
            say("opening");
            const open = await session();
            const there = known.find((entry) => entry.name === file.name);
            if (there && there.kind !== "file") throw new Error("There is a folder of this name.");
            const offset = there ? await begin(open, folder, file, there, say) : 0;
            if (offset === null) return "left as it is";
            await upload(open, folder, file.name, file, offset, progress, signal);
            changed(folder);
            say("comparing the hash");
            return compare(open, folder, file.name, file, offset > 0 ? `sent, from ${bytes(offset)} on` : "sent");
          },
        });
      }
    },
    download(folder, entry) {
      add({
        name: entry.name,
        direction: "down",
        async work(say, progress, signal) {
          say("opening");
          const open = await session();
          const blob = await download(open, join(folder, entry.name), entry.size ?? 0, progress, signal);
          say("comparing the hash");
          let said: string;
          try {
            said = await compare(open, folder, entry.name, blob, `received, ${bytes(blob.size)}`);
          } catch (error) {
            // Nothing false is saved unasked; but a log that is written to all the time never has the same hash.
            if (signal.aborted || !(error instanceof Differs) || !(await saveAnyway(entry.name))) throw error;
            said = `received, ${bytes(blob.size)}, saved although the hashes differ`;
          }
          if (signal.aborted) throw new Error("Stopped.");
          save(blob, entry.name);
          return said;
        },
      });
    },
  };
}

/** What to do with a file that is there already: where to go on, or null to leave it. */
async function begin(session: FilesSession, folder: string, file: File, there: Entry, say: (text: string) => void): Promise<number | null> {
  let resumable = 0;
  if (there.size !== null && there.size > 0 && there.size < file.size && there.size <= MAX_HASHED) {
    say("comparing what is there");
    const [mine, theirs] = await Promise.all([sha384(file.slice(0, there.size)), session.hash(folder, file.name)]);
    if (mine !== null && mine === theirs) resumable = there.size;
  }
  const options: [string, string][] = resumable
    ? [
        ["resume", `Go on where it stopped, at ${bytes(resumable)}`],
        ["over", "Send it anew"],
        ["skip", "Leave it"],
      ]
    : [
        ["over", "Replace it"],
        ["skip", "Leave it"],
      ];
  const answer = await ask({
    title: `${line(file.name, 60)} is there already`,
    text: h("p", null, `On the device: ${bytes(there.size)}. Here: ${bytes(file.size)}.`, resumable ? " Its beginning is the same." : ""),
    fields: [{ name: "what", label: "What to do", type: "select", options }],
    confirm: "Do it",
  });
  if (!answer || answer["what"] === "skip") return null;
  return answer["what"] === "resume" ? resumable : 0;
}

/** What was transferred is not what the device has. */
class Differs extends Error {}

async function saveAnyway(name: string): Promise<boolean> {
  const answer = await ask({
    title: `${line(name, 60)} may be incomplete or false`,
    text: h("p", null, "What was received has another hash than the file on the device: the file changed meanwhile, or the transfer went wrong."),
    confirm: "Save it anyway",
    danger: true,
  });
  return answer !== null;
}

async function compare(session: FilesSession, folder: string, name: string, data: Blob, said: string): Promise<string> {
  if (data.size > MAX_HASHED) return `${said} (too large to compare hashes here)`;
  const [mine, theirs] = await Promise.all([sha384(data), session.hash(folder, name).catch(() => null)]);
  if (theirs === null || mine === null) return `${said} (the device gave no hash to compare)`;
  if (mine !== theirs) throw new Differs("The hashes differ: the file changed meanwhile, or the transfer went wrong.");
  return `${said}, hash equal (SHA-384 ${mine.slice(0, 12)}…)`;
}

/** Hands a file to the browser. */
function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has taken it once the click was handled; long downloads of blobs keep it alive themselves.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
