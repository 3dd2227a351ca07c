// How a device gets into a group: the settings file, a command, and a code for a phone's camera.

import { h } from "../dom.ts";
import { bare, type Group } from "../model.ts";
import { line } from "../text.ts";
import { copyable } from "../ui/copy.ts";
import { qr } from "../ui/qr.ts";

/** The card of a group's page. */
export function installCard(group: Group): HTMLElement {
  const id = encodeURIComponent(bare(group._id));
  const settings = `${location.origin}/meshsettings?id=${id}`;
  const script = `${location.origin}/meshagents?script=1&meshid=${id}`;
  return h(
    "div",
    { class: "card wide install" },
    h("h2", null, "Add a device"),
    h(
      "div",
      { class: "install-columns" },
      h(
        "div",
        null,
        h("p", null, "Run this on a Linux device. It downloads the agent for it, with the settings of this group, and starts it."),
        copyable(`curl -fsSk '${script}' | sh`, "the install command"),
        h("p", { class: "muted" }, "-k: a server with a certificate of its own is not known to the device yet. Look at the script first where that matters: ", h("a", { href: script, target: "_blank", rel: "noreferrer" }, "show it"), "."),
        h("p", null, "Or give an agent that is installed already the settings file, and start it."),
        h("p", null, h("a", { class: "button", href: settings, download: "agent.msh" }, "Download the .msh file")),
        copyable("meshlite-agent run --msh agent.msh", "the run command"),
      ),
      h("figure", null, qr(script, `QR code of the install address of ${line(group.name, 60)}`), h("figcaption", { class: "muted" }, "The install address")),
    ),
  );
}
