// Small line drawings, 16 by 16, our own.

import { svg } from "../dom.ts";

const PATHS = {
  terminal: "M2 3h12v10H2zM4.5 6l2 2-2 2M8.5 10h3",
  files: "M2 4.5h4l1.5 1.5H14v6.5H2z",
  lock: "M4.5 7.5h7v5.5h-7zM6 7.5V5.5a2 2 0 0 1 4 0v2",
  unlock: "M4.5 7.5h7v5.5h-7zM6 7.5V5a2 2 0 0 1 3.8-.8",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3 14 14",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1",
  out: "M6.5 2.5h-4v11h4M6 8h8M11 5l3 3-3 3",
  run: "M4.5 3v10l8-5z",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  folder: "M2 4.5h4l1.5 1.5H14v6.5H2z",
  file: "M4 2h5l3 3v9H4zM9 2v3h3",
  drive: "M2 9h12v4H2zM2 9l2-5h8l2 5M11 11h1",
  up: "M8 13V3M4 7l4-4 4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  close: "M4 4l8 8M12 4l-8 8",
  refresh: "M13 8a5 5 0 1 1-1.5-3.5M13 2.5V5h-2.5",
  copy: "M5.5 5.5h7v8h-7zM3.5 10.5v-8h7",
  plus: "M8 3v10M3 8h10",
  power: "M8 2v6M5 4a5 5 0 1 0 6 0",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon for beside a text or in a labelled button: hidden from screen readers. */
export function icon(name: IconName): SVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: PATHS[name] }),
  );
}
