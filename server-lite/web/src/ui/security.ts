// Who can read a session, in a word and a picture.

import { h } from "../dom.ts";
import type { Tunnel } from "../tunnel.ts";
import { icon } from "./icons.ts";

/** The badge of an open session. */
export function securityBadge(tunnel: Pick<Tunnel, "secure" | "recorded">): HTMLElement {
  const sealed = tunnel.secure === "end-to-end";
  return h(
    "span",
    {
      class: `badge ${sealed ? "good" : "plain"}`,
      title: sealed
        ? "Encrypted between this page and the agent: the server passes on what it cannot read."
        : "Encrypted on the way to the server and from there to the device; the server in between can read it.",
    },
    icon(sealed ? "lock" : "unlock"),
    sealed ? "End-to-end encrypted" : "Encrypted to the server",
    tunnel.recorded ? h("strong", { class: "bad-text" }, " · recorded") : null,
  );
}
