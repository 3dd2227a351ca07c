// A list that draws only the rows in sight, so that thousands of devices scroll as ten do. All rows have one height.

import { h } from "../dom.ts";

export interface VirtualList<T> {
  readonly element: HTMLElement;
  /** New rows; the place in the list stays. */
  set(rows: T[]): void;
  /** Draws the rows in sight again. */
  redraw(): void;
  /** Moves the focus to a row, scrolling it into sight. */
  focus(index: number): void;
}

const OVERSCAN = 8;

/** `draw` makes the element of a row; the list puts it in place. */
export function virtualList<T>(
  label: string,
  rowHeight: number,
  key: (row: T) => string,
  draw: (row: T, index: number) => HTMLElement,
): VirtualList<T> {
  const runway = h("div", { class: "runway", role: "list", "aria-label": label });
  const element = h("div", { class: "virtual", tabindex: "-1" }, runway);
  let rows: T[] = [];
  const drawn = new Map<string, HTMLElement>();
  let frame = 0;

  const update = (anew: boolean) => {
    const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - OVERSCAN);
    const last = Math.min(rows.length, Math.ceil((element.scrollTop + element.clientHeight) / rowHeight) + OVERSCAN);
    const focused = anew ? focusedKey() : null;
    if (anew) {
      for (const row of drawn.values()) row.remove();
      drawn.clear();
    }
    const wanted = new Set<string>();
    for (let index = first; index < last; index++) {
      const row = rows[index]!;
      const name = key(row);
      wanted.add(name);
      if (drawn.has(name)) continue;
      const made = draw(row, index);
      made.dataset["key"] = name;
      made.dataset["index"] = String(index);
      made.style.transform = `translateY(${index * rowHeight}px)`;
      made.style.height = `${rowHeight}px`;
      made.setAttribute("role", "listitem");
      made.setAttribute("aria-setsize", String(rows.length));
      made.setAttribute("aria-posinset", String(index + 1));
      drawn.set(name, made);
      runway.append(made);
    }
    for (const [name, made] of drawn) {
      if (wanted.has(name) || made.contains(document.activeElement)) continue;
      made.remove();
      drawn.delete(name);
    }
    if (focused) target(drawn.get(focused.key), focused.selector)?.focus({ preventScroll: true });
  };

  const focusedKey = () => {
    const active = document.activeElement;
    const row = active?.closest<HTMLElement>("[data-key]");
    if (!active || !row || !runway.contains(row)) return null;
    return { key: row.dataset["key"]!, selector: active.getAttribute("data-part") ?? "main" };
  };

  const target = (row: HTMLElement | undefined, part: string) =>
    row?.querySelector<HTMLElement>(`[data-part="${part}"]`) ?? row?.querySelector<HTMLElement>("a, button, input");

  const focus = (index: number) => {
    if (index < 0 || index >= rows.length) return;
    const top = index * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowHeight - element.clientHeight;
    update(false);
    target(drawn.get(key(rows[index]!)), "main")?.focus({ preventScroll: true });
  };

  element.addEventListener("scroll", () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => update(false));
  });
  element.addEventListener("keydown", (event) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    if (!row || event.ctrlKey || event.altKey || event.metaKey) return;
    const at = Number(row.dataset["index"]);
    const page = Math.max(1, Math.floor(element.clientHeight / rowHeight) - 1);
    const next: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: Math.min(at + page, rows.length - 1),
      PageUp: Math.max(at - page, 0),
      Home: 0,
      End: rows.length - 1,
    };
    const goal = next[event.key];
    if (goal === undefined) return;
    event.preventDefault();
    focus(goal);
  });
  const resized = new ResizeObserver(() => {
    // The list may be gone: then there is nothing to draw into.
    if (element.isConnected) update(false);
  });
  resized.observe(element);

  return {
    element,
    set(next) {
      rows = next;
      runway.style.height = `${rows.length * rowHeight}px`;
      update(true);
    },
    redraw: () => update(true),
    focus,
  };
}
