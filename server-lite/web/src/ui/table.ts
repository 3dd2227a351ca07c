// A table that sorts by its headings and shows the first rows of long lists.

import { fill, h, type Child } from "../dom.ts";

export interface Column<T> {
  label: string;
  /** What to sort by; columns without it do not sort. */
  sort?: (row: T) => string | number;
  cell: (row: T) => Child;
  class?: string;
  /** Begin with the largest. */
  descending?: boolean;
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const STEP = 500;

export interface SortedTable<T> {
  readonly element: HTMLElement;
  set(rows: T[]): void;
}

/** `empty` is shown when there are no rows. */
export function sortedTable<T>(label: string, columns: Column<T>[], first: number, empty: string): SortedTable<T> {
  let rows: T[] = [];
  let by = first;
  let down = columns[first]?.descending ?? false;
  let most = STEP;
  const head = h("tr");
  const body = h("tbody");
  const none = h("p", { class: "muted empty-line" }, empty);
  const more = h("button", { type: "button", onclick: () => ((most += STEP * 4), draw()) });
  const element = h(
    "div",
    { class: "table-box", tabindex: "0", role: "region", "aria-label": label },
    h("table", null, h("thead", null, head), body),
    none,
    more,
  );

  function sortBy(index: number): void {
    down = index === by ? !down : (columns[index]!.descending ?? false);
    by = index;
    draw();
  }

  function draw(): void {
    fill(
      head,
      columns.map((column, index) =>
        h(
          "th",
          { scope: "col", class: column.class, "aria-sort": index === by && column.sort ? (down ? "descending" : "ascending") : null },
          column.sort
            ? h("button", { type: "button", class: "sort", onclick: () => sortBy(index) }, column.label, index === by ? (down ? " ▾" : " ▴") : "")
            : column.label,
        ),
      ),
    );
    const key = columns[by]?.sort;
    const sorted = key ? [...rows].sort((a, b) => compare(key(a), key(b)) * (down ? -1 : 1)) : rows;
    fill(
      body,
      sorted.slice(0, most).map((row) => h("tr", null, columns.map((column) => h("td", { class: column.class }, column.cell(row))))),
    );
    none.hidden = rows.length > 0;
    more.hidden = rows.length <= most;
    fill(more, `Show more (${rows.length - most} left)`);
  }

  draw();
  return {
    element,
    set(next) {
      rows = next;
      draw();
    },
  };
}

function compare(a: string | number, b: string | number): number {
  return typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b));
}
