// What is known of groups and devices, kept up to date by events.

import type { Control, Message } from "./control.ts";

export interface DeviceNode {
  _id: string;
  name: string;
  rname?: string;
  icon?: number;
  conn?: number;
  pwr?: number;
  agct?: number;
  ip?: string;
  osdesc?: string;
  desc?: string;
  tags?: string[];
  users?: string[];
  firstconnect?: number;
  coretrouble?: string;
  coretrial?: boolean;
  agent?: { ver?: number; id?: number; caps?: number; core?: string; root?: boolean; tag?: string };
  /** What our own core can do; absent with other agents. */
  meshlite?: { secure?: number; resume?: number; desktop?: boolean };
  sessions?: Record<string, Record<string, number>>;
  /** Kept by us: the group it is listed under. */
  group: string;
}

export interface Group {
  _id: string;
  name: string;
  desc?: string;
  creation?: number;
  links: Record<string, { name?: string; rights: number }>;
}

export interface UserInfo {
  _id: string;
  name: string;
  siteadmin?: number;
  email?: string;
  links?: Record<string, { rights: number }>;
}

export const RIGHT = {
  editGroup: 0x1,
  manageUsers: 0x2,
  manageDevices: 0x4,
  remoteControl: 0x8,
  agentConsole: 0x10,
  wake: 0x40,
  noTerminal: 0x200,
  noFiles: 0x400,
  noDesktop: 0x10000,
  runCommands: 0x20000,
  power: 0x40000,
  details: 0x100000,
} as const;

export const ALL_RIGHTS = 0xffffffff;

/** All of a right's bits are there. Full rights are an equality, so restriction bits in it do not count. */
export function has(rights: number, wanted: number): boolean {
  return rights >>> 0 === ALL_RIGHTS || (rights & wanted) >>> 0 === wanted >>> 0;
}

/** A restriction bit is set, and counts. */
export function restricted(rights: number, bit: number): boolean {
  return rights >>> 0 !== ALL_RIGHTS && (rights & bit) !== 0;
}

/** What changed; lists redraw only for what they show. */
export type Change = { kind: "all" } | { kind: "device"; id: string } | { kind: "event"; event: Message };

export class Model {
  readonly groups = new Map<string, Group>();
  readonly devices = new Map<string, DeviceNode>();
  user: UserInfo | null = null;
  server: Record<string, unknown> = {};
  /** False until the first lists have come. */
  loaded = false;
  private readonly watchers = new Set<(change: Change) => void>();
  private refreshing = false;
  private again = false;

  constructor(readonly control: Control) {
    control.listen((message) => this.hear(message));
    // Whatever happened while there was no connection: the lists are asked for anew.
    control.watch((state) => {
      if (state === "open") void this.refresh();
    });
  }

  watch(watcher: (change: Change) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  rightsFor(group: string): number {
    const me = this.user?._id;
    return (me && this.groups.get(group)?.links?.[me]?.rights) || 0;
  }

  devicesOf(group: string): DeviceNode[] {
    return [...this.devices.values()].filter((device) => device.group === group);
  }

  async refresh(): Promise<void> {
    if (this.refreshing) {
      this.again = true;
      return;
    }
    this.refreshing = true;
    try {
      do {
        this.again = false;
        const [groups, nodes] = await Promise.all([
          this.control.ask({ action: "meshes" }),
          this.control.ask({ action: "nodes" }, 60_000),
        ]);
        this.takeGroups(groups["meshes"]);
        this.takeNodes(nodes["nodes"]);
        this.loaded = true;
        this.tell({ kind: "all" });
      } while (this.again);
    } catch {
      // The connection went; the next one refreshes again.
    } finally {
      this.refreshing = false;
    }
  }

  private hear(message: Message): void {
    if (message.action === "userinfo") {
      this.user = message["userinfo"] as UserInfo;
      this.tell({ kind: "all" });
    } else if (message.action === "serverinfo") {
      this.server = (message["serverinfo"] as Record<string, unknown>) ?? {};
    } else if (message.action === "event" && isRecord(message["event"])) {
      this.event(message["event"] as Message);
    }
  }

  private event(event: Message): void {
    const id = typeof event["nodeid"] === "string" ? event["nodeid"] : "";
    switch (event.action) {
      case "nodeconnect":
        this.presence(id, event);
        break;
      case "changenode":
      case "addnode":
        if (isRecord(event["node"])) this.put(event["node"], String(event["meshid"] ?? ""));
        else void this.refresh();
        break;
      case "devicesessions": {
        const device = this.devices.get(id);
        if (device) device.sessions = event["sessions"] as DeviceNode["sessions"];
        this.tell({ kind: "device", id });
        break;
      }
      case "removenode":
        if (this.devices.delete(id)) this.tell({ kind: "all" });
        break;
      case "nodemeshchange":
      case "createmesh":
      case "meshchange":
      case "deletemesh":
        void this.refresh();
        break;
    }
    this.tell({ kind: "event", event });
  }

  private presence(id: string, event: Message): void {
    const device = this.devices.get(id);
    if (!device) return void this.refresh();
    const conn = Number(event["conn"] ?? 0);
    if (conn) {
      device.conn = conn;
      device.pwr = Number(event["pwr"] ?? 1);
      device.agct = Number(event["ct"] ?? Date.now());
    } else {
      delete device.conn;
      delete device.pwr;
      delete device.agct;
      delete device.sessions;
    }
    this.tell({ kind: "device", id });
  }

  private put(node: Record<string, unknown>, group: string): void {
    const id = String(node["_id"] ?? "");
    if (!id) return;
    const before = this.devices.get(id);
    const known = group || before?.group || "";
    if (!known) return void this.refresh();
    this.devices.set(id, { ...(node as unknown as DeviceNode), group: known });
    this.tell(before && before.group === known ? { kind: "device", id } : { kind: "all" });
  }

  private takeGroups(list: unknown): void {
    if (!Array.isArray(list)) return;
    this.groups.clear();
    for (const group of list as Group[]) this.groups.set(group._id, { ...group, links: group.links ?? {} });
  }

  private takeNodes(byGroup: unknown): void {
    if (!isRecord(byGroup)) return;
    this.devices.clear();
    for (const [group, nodes] of Object.entries(byGroup)) {
      if (!Array.isArray(nodes)) continue;
      for (const node of nodes as DeviceNode[]) this.devices.set(node._id, { ...node, group });
    }
  }

  private tell(change: Change): void {
    for (const watcher of [...this.watchers]) watcher(change);
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The bare 64-character id, for addresses of pages. */
export function bare(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}
