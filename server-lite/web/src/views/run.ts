// One command on all ticked devices: progress, output and exit code of each.

import { Ends, type App, type View } from "../app.ts";
import { fill, h } from "../dom.ts";
import { span } from "../format.ts";
import { bare, has, RIGHT, type DeviceNode } from "../model.ts";
import { to } from "../router.ts";
import { asText, block, line } from "../text.ts";
import { icon } from "../ui/icons.ts";
import { reason } from "../ui/notice.ts";
import { presenceDot } from "./devices.ts";

/** Devices that are asked at the same time; the server allows a session 256 open questions. */
const AT_ONCE = 48;
const MAX_COMMAND = 65_000;
const PATIENCE: [string, string][] = [
  ["60", "1 minute"],
  ["600", "10 minutes"],
  ["3600", "1 hour"],
];

type State = "waiting" | "running" | "done" | "failed";

interface Job {
  device: DeviceNode;
  state: State;
  output: string;
  code: number | null;
  began: number;
  took: number;
  element: HTMLElement;
}

export function runPage(app: App): View {
  const ends = new Ends();
  const command = h("textarea", {
    class: "mono grow",
    rows: 3,
    "aria-label": "Command",
    placeholder: "A command for the shell of each device, as: uname -a",
    maxlength: MAX_COMMAND,
    spellcheck: "false",
    autocomplete: "off",
  });
  const patience = h("select", { "aria-label": "How long to wait" }, PATIENCE.map(([value, label]) => h("option", { value }, label)));
  patience.value = "600";
  const start = h("button", { type: "submit", class: "primary" }, icon("run"), "Run");
  const stop = h("button", { type: "button", onclick: () => halt() }, "Stop waiting");
  const failedOnly = h("input", { type: "checkbox", onchange: () => draw() });
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Devices that have answered" });
  const summary = h("span", { role: "status", class: "session-status" });
  const list = h("div", { class: "jobs" });
  let jobs: Job[] = [];
  let run = 0;
  let open = 0;

  const form = h(
    "form",
    { class: "run-form", onsubmit: begin },
    command,
    h("div", { class: "toolbar" }, start, stop, h("label", null, "Wait up to ", patience), h("label", { class: "check" }, failedOnly, " Failed only"), summary),
    bar,
  );
  command.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  const element = h(
    "section",
    { class: "page fill" },
    h("div", { class: "page-head" }, h("a", { href: to("devices"), class: "back", "aria-label": "All devices" }, "‹"), h("h1", null, "Run a command")),
    form,
    list,
  );

  function targets(): DeviceNode[] {
    return [...app.selected].map((id) => app.model.devices.get(id)).filter((device) => device !== undefined);
  }

  function begin(event: Event): void {
    event.preventDefault();
    const text = command.value.trim();
    if (!text || open > 0) return;
    run++;
    jobs = targets().map(newJob);
    fill(list, jobs.map((job) => job.element));
    draw();
    for (let lane = 0; lane < Math.min(AT_ONCE, jobs.length); lane++) void work(run, text, Number(patience.value) * 1000);
  }

  /** Takes one device after the other until none waits. */
  async function work(mine: number, text: string, patienceMs: number): Promise<void> {
    open++;
    for (;;) {
      const job = jobs.find((one) => one.state === "waiting");
      if (!job || mine !== run) break;
      job.state = "running";
      job.began = performance.now();
      drawJob(job);
      await one(job, text, patienceMs);
      if (mine !== run) break;
      job.took = performance.now() - job.began;
      drawJob(job);
      draw();
    }
    open--;
    draw();
  }

  async function one(job: Job, text: string, patienceMs: number): Promise<void> {
    if (!app.model.devices.get(job.device._id)?.conn) return fail(job, "The device is not connected.");
    if (!has(app.model.rightsOver(job.device), RIGHT.runCommands)) return fail(job, "You may not run commands on it.");
    try {
      const answer = await app.control.ask(
        { action: "runcommands", nodeids: [job.device._id], type: 0, cmds: text, runAsUser: 0, reply: true },
        patienceMs,
      );
      const result = asText(answer["result"]);
      // An answer of the server itself, not of the device, is a refusal.
      if (answer.action !== "msg") return fail(job, result || "The server refused.");
      job.output = result;
      job.code = typeof answer["exitcode"] === "number" ? answer["exitcode"] : null;
      job.state = job.code === null || job.code === 0 ? "done" : "failed";
    } catch (error) {
      fail(job, reason(error));
    }
  }

  function fail(job: Job, why: string): void {
    job.state = "failed";
    job.output = why;
  }

  function halt(): void {
    run++;
    for (const job of jobs) {
      if (job.state !== "waiting" && job.state !== "running") continue;
      fail(job, job.state === "running" ? "Not waited for; it may still be running on the device." : "Not started.");
      drawJob(job);
    }
    draw();
  }

  function draw(): void {
    const count = (state: State) => jobs.filter((job) => job.state === state).length;
    const busy = open > 0 && jobs.some((job) => job.state === "running" || job.state === "waiting");
    start.disabled = busy || targets().length === 0;
    stop.hidden = !busy;
    bar.hidden = jobs.length === 0;
    const over = count("done") + count("failed");
    bar.max = Math.max(1, jobs.length);
    bar.value = over;
    list.classList.toggle("failed-only", failedOnly.checked);
    fill(
      summary,
      jobs.length === 0
        ? `${targets().length} device${targets().length === 1 ? "" : "s"}`
        : `${over} of ${jobs.length} answered, ${count("failed")} failed`,
    );
    if (jobs.length === 0) drawTargets();
  }

  function drawTargets(): void {
    const chosen = targets();
    fill(
      list,
      chosen.length === 0
        ? h(
            "div",
            { class: "empty" },
            app.model.loaded
              ? [h("h2", null, "No device is ticked"), h("p", null, "Tick devices in the list, then come back."), h("a", { class: "button primary", href: to("devices") }, "To the devices")]
              : h("p", { class: "loading" }, "Loading…"),
          )
        : h("div", { class: "targets" }, chosen.slice(0, 300).map((device) => h("span", { class: "tag" }, presenceDot(device), " ", line(device.name, 40))), chosen.length > 300 ? ` and ${chosen.length - 300} more` : null),
    );
  }

  ends.add(() => run++);
  ends.add(
    app.model.watch((change) => {
      if (change.kind !== "event" && jobs.length === 0) draw();
    }),
  );
  draw();
  queueMicrotask(() => command.focus());
  return { title: "Run a command", element, dispose: ends.run };
}

function newJob(device: DeviceNode): Job {
  const job: Job = { device, state: "waiting", output: "", code: null, began: 0, took: 0, element: h("details", { class: "job" }) };
  drawJob(job);
  return job;
}

const WORDS: Record<State, string> = { waiting: "waits", running: "runs", done: "done", failed: "failed" };

function drawJob(job: Job): void {
  job.element.dataset["state"] = job.state;
  const first = job.output.split("\n").find((text) => text.trim() !== "") ?? "";
  fill(
    job.element,
    h(
      "summary",
      null,
      h("span", { class: `state ${job.state}` }, WORDS[job.state]),
      h("a", { href: to("device", bare(job.device._id)), class: "name ellipsis" }, line(job.device.name, 60)),
      h("code", { class: "ellipsis first" }, line(first, 120)),
      job.code !== null ? h("span", { class: job.code === 0 ? "muted" : "bad-text" }, `exit ${job.code}`) : null,
      job.took > 0 ? h("span", { class: "muted" }, span(job.took)) : null,
    ),
    job.output ? h("pre", { tabindex: "0", "aria-label": "Output" }, block(job.output, 600_000)) : h("p", { class: "muted" }, job.state === "done" ? "No output." : ""),
  );
}
