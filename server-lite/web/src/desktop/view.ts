// Placeholder of the viewer of a device's screen.
import { fill, h } from "../dom.ts";
import type { Tunnel } from "../tunnel.ts";

export function mountDesktop(host: HTMLElement, _open: () => Promise<Tunnel>): { dispose(): void } {
  fill(host, h("div", { class: "empty" }, h("p", null, "This console cannot show screens yet.")));
  return { dispose: () => undefined };
}
