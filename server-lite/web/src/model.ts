// What is known of groups and devices, kept up to date by events.

import type { Control, Message } from "./control.ts";
import { isRecord, number, readGroup, readNode, readUser, sessions } from "./read.ts";
import { asText } from "./text.ts";

/** A device as `read.ts` makes it: absent texts are empty, absent numbers 0. */
export interface DeviceNode {
  _id: string;
  name: string;
  /** The group it is listed under. */
  group: string;
  /** 0 when it is not connected. */
  conn: number;
  pwr: number;
  /** Connected since, milliseconds since 1970. */
  agct: number;
  rname: string;
  ip: string;
  osdesc: string;
  desc: string;
  tags: string[];
  users: string[];
  firstconnect: number;
  coretrouble: string;
  coretrial: boolean;
  agent: { id: number; caps: number; core: string; root: boolean | null };
  /** What our own core can do; null with other agents. */
  meshlite: { secure: number; resume: number; desktop: boolean } | null;
  /** How many sessions of each kind are open. */
  sessions: Record<string, number>;
}

export interface Group {
  _id: string;
  name: string;
  desc: string;
  creation: number;
  links: Record<string, { name: string; rights: number }>;
}

export interface UserInfo {
  _id: string;
  name: string;
  siteadmin: number;
  /** Rights by id of a group or a device. */
  links: Record<string, number>;
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
    const own = (me && this.groups.get(group)?.links[me]?.rights) || 0;
    // By a group of users, or by the device alone: only the account says so.
    return (own | (this.user?.links[group] ?? 0)) >>> 0;
  }

  /** The user's rights over a device: by its group, and in it alone. */
  rightsOver(device: DeviceNode | undefined): number {
    return device ? (this.rightsFor(device.group) | (this.user?.links[device._id] ?? 0)) >>> 0 : 0;
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
      this.user = readUser(message["userinfo"]);
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
        if (isRecord(event["node"])) this.put(event["node"], asText(event["meshid"]));
        else void this.refresh();
        break;
      case "devicesessions": {
        const device = this.devices.get(id);
        if (device) device.sessions = sessions(event["sessions"]);
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
    device.conn = number(event["conn"]);
    device.pwr = device.conn ? number(event["pwr"]) || 1 : 0;
    device.agct = device.conn ? number(event["ct"]) || Date.now() : 0;
    if (!device.conn) device.sessions = {};
    this.tell({ kind: "device", id });
  }

  private put(node: Record<string, unknown>, group: string): void {
    const id = asText(node["_id"]);
    const before = this.devices.get(id);
    const known = group || before?.group || "";
    if (!known) return void this.refresh();
    const read = readNode(node, known);
    if (!read) return;
    this.devices.set(id, read);
    this.tell(before && before.group === known ? { kind: "device", id } : { kind: "all" });
  }

  private takeGroups(list: unknown): void {
    if (!Array.isArray(list)) return;
    this.groups.clear();
    for (const raw of list) {
      const group = readGroup(raw);
      if (group) this.groups.set(group._id, group);
    }
  }

  private takeNodes(byGroup: unknown): void {
    if (!isRecord(byGroup)) return;
    this.devices.clear();
    for (const [group, nodes] of Object.entries(byGroup)) {
      if (!Array.isArray(nodes)) continue;
      for (const raw of nodes) {
        const node = readNode(raw, group);
        if (node) this.devices.set(node._id, node);
      }
    }
  }

  private tell(change: Change): void {
    for (const watcher of [...this.watchers]) watcher(change);
  }
}

/** The bare 64-character id, for addresses of pages. */
export function bare(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

export { isRecord };
