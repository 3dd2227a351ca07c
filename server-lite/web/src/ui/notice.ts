// Short notices in a corner; screen readers hear them too.

import { h } from "../dom.ts";
import { block } from "../text.ts";

let region: HTMLElement | null = null;

/** Says something for a while; errors stay longer and are announced at once. */
export function notice(text: string, kind: "info" | "good" | "bad" = "info"): void {
  if (!region || !region.isConnected) {
    region = h("div", { class: "notices", role: "status", "aria-live": "polite" });
    document.body.append(region);
  }
  const box = h(
    "div",
    { class: `notice ${kind}`, role: kind === "bad" ? "alert" : null },
    h("span", null, block(text, 600)),
    h("button", { type: "button", class: "quiet", "aria-label": "Dismiss", onclick: () => box.remove() }, "×"),
  );
  // Old ones make room.
  while (region.childElementCount >= 4) region.firstElementChild?.remove();
  region.append(box);
  setTimeout(() => box.remove(), kind === "bad" ? 12_000 : 5_000);
}

/** The sentence of a caught error. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Runs something that may fail, and says so when it does. True when it went well. */
export async function attempt(what: string, action: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await action();
    if (done) notice(done, "good");
    return true;
  } catch (error) {
    notice(`${what}: ${reason(error)}`, "bad");
    return false;
  }
}
