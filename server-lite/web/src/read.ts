// What the server says of devices and groups, as types that cannot be wrong: parts of it were said by devices.

import { asText } from "./text.ts";
import type { DeviceNode, Group, UserInfo } from "./model.ts";

/** An object, and no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const MAX_TAGS = 32;
const MAX_PEOPLE = 64;
/** Characters of any one value that is kept. */
const MAX_TEXT = 4096;

/** A device; null for what has no id. */
export function readNode(raw: unknown, group: string): DeviceNode | null {
  if (!isRecord(raw)) return null;
  const id = asText(raw["_id"]);
  if (!id || id.length > 200) return null;
  const agent = isRecord(raw["agent"]) ? raw["agent"] : {};
  const ours = isRecord(raw["meshlite"]) ? raw["meshlite"] : null;
  const node: DeviceNode = {
    _id: id,
    name: text(raw["name"]),
    group,
    conn: number(raw["conn"]),
    pwr: number(raw["pwr"]),
    agct: number(raw["agct"]),
    rname: text(raw["rname"]),
    ip: text(raw["ip"]),
    osdesc: text(raw["osdesc"]),
    desc: text(raw["desc"]),
    coretrouble: text(raw["coretrouble"]),
    coretrial: raw["coretrial"] === true,
    firstconnect: number(raw["firstconnect"]),
    tags: texts(raw["tags"], MAX_TAGS),
    users: texts(raw["users"], MAX_PEOPLE),
    agent: {
      id: number(agent["id"]),
      caps: number(agent["caps"]),
      core: text(agent["core"]),
      root: typeof agent["root"] === "boolean" ? agent["root"] : null,
    },
    meshlite: ours
      ? { secure: number(ours["secure"]), resume: number(ours["resume"]), desktop: ours["desktop"] === true }
      : null,
    sessions: sessions(raw["sessions"]),
  };
  return node;
}

/** Kinds of sessions and how many there are of each. */
export function sessions(raw: unknown): Record<string, number> {
  const found: Record<string, number> = {};
  if (!isRecord(raw)) return found;
  for (const [kind, users] of Object.entries(raw).slice(0, 16)) {
    const count = isRecord(users) ? Object.values(users).reduce<number>((sum, one) => sum + number(one), 0) : number(users);
    if (count > 0) found[kind] = count;
  }
  return found;
}

/** A group; null for what has no id. */
export function readGroup(raw: unknown): Group | null {
  if (!isRecord(raw)) return null;
  const id = asText(raw["_id"]);
  if (!id || id.length > 200) return null;
  const links: Group["links"] = {};
  for (const [user, link] of Object.entries(isRecord(raw["links"]) ? raw["links"] : {}).slice(0, 5000)) {
    if (isRecord(link)) links[user] = { name: text(link["name"]), rights: number(link["rights"]) >>> 0 };
  }
  return { _id: id, name: text(raw["name"]), desc: text(raw["desc"]), creation: number(raw["creation"]), links };
}

/** The user who is signed in. */
export function readUser(raw: unknown): UserInfo | null {
  if (!isRecord(raw) || !asText(raw["_id"])) return null;
  const links: UserInfo["links"] = {};
  for (const [id, link] of Object.entries(isRecord(raw["links"]) ? raw["links"] : {})) {
    if (isRecord(link)) links[id] = number(link["rights"]) >>> 0;
  }
  return { _id: asText(raw["_id"]), name: text(raw["name"]), siteadmin: number(raw["siteadmin"]) >>> 0, links };
}

/** A finite number, or 0. */
export function number(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function text(value: unknown): string {
  const found = asText(value);
  return found.length > MAX_TEXT ? found.slice(0, MAX_TEXT) : found;
}

function texts(value: unknown, most: number): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string").slice(0, most).map(text) : [];
}
