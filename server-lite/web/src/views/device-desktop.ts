// The screen of the device. The viewer itself is in desktop/.

import type { App } from "../app.ts";
import { fill, h } from "../dom.ts";
import type { DeviceNode } from "../model.ts";
import { KIND, openTunnel } from "../tunnel.ts";
import { reason } from "../ui/notice.ts";
import { securityBadge } from "../ui/security.ts";
import type { Tab } from "./device.ts";

/** Capability bit of an agent that can show a screen. */
const CAN_DESKTOP = 1;

export function desktopTab(app: App, node: () => DeviceNode | undefined, _id: string): Tab {
  const badge = h("span", { class: "session-status", role: "status" });
  const place = h("div", { class: "desktop-place" });
  const element = h("div", { class: "desktop-tab" }, h("div", { class: "toolbar" }, badge), place);
  let mounted: { dispose(): void } | null = null;
  let gone = false;

  async function mount(): Promise<void> {
    const device = node();
    if (!device) return;
    if (!device.conn) return say("The device is not connected", "Its screen can be seen when it is.");
    if (device.meshlite ? !device.meshlite.desktop : !(device.agent.caps & CAN_DESKTOP)) {
      return say("No screen here", "This device has no graphical session that its agent can show, or its agent was built without this part.");
    }
    fill(place, h("p", { class: "loading" }, "Opening the screen…"));
    try {
      const { mountDesktop } = await import("../desktop/view.ts");
      if (gone) return;
      fill(place);
      mounted = mountDesktop(place, async () => {
        const now = node();
        if (!now) throw new Error("There is no such device.");
        const tunnel = await openTunnel(app.control, now, KIND.desktop, {});
        fill(badge, securityBadge(tunnel));
        return tunnel;
      });
    } catch (error) {
      say("The screen cannot be shown", reason(error));
    }
  }

  function say(title: string, text: string): void {
    fill(
      place,
      h("div", { class: "empty" }, h("h2", null, title), h("p", null, text), h("button", { type: "button", onclick: () => void mount() }, "Try again")),
    );
  }

  let begun = false;
  return {
    element,
    dispose() {
      gone = true;
      mounted?.dispose();
    },
    shown() {
      if (begun) return;
      begun = true;
      void mount();
    },
  };
}
