// What all pages share.

import type { Session } from "./api.ts";
import type { Control } from "./control.ts";
import type { Child } from "./dom.ts";
import type { Model } from "./model.ts";

export interface App {
  readonly control: Control;
  readonly model: Model;
  readonly session: Session;
  /** Ids of the devices that are ticked; kept while pages change. */
  readonly selected: Set<string>;
}

/** A page, or a part of one. */
export interface View {
  readonly title: string;
  readonly element: HTMLElement;
  /** Called when it leaves the screen: listeners and sessions end here. */
  dispose(): void;
  /** Called instead of making a new one when the address changed below it. False when it needs a new one. */
  moved?(path: string[]): boolean;
}

/** A page without anything to end. */
export function still(title: string, element: HTMLElement): View {
  return { title, element, dispose: () => undefined };
}

/** Ends several things at once. */
export class Ends {
  private readonly ends: (() => void)[] = [];
  readonly abort = new AbortController();

  add(end: () => void): void {
    this.ends.push(end);
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  readonly run = (): void => {
    this.abort.abort();
    for (const end of this.ends.splice(0)) end();
  };
}

export type { Child };
