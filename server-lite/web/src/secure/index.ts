// Placeholder of the module that encrypts a tunnel end to end.
import type { Tunnel } from "../tunnel.ts";

export function secureTunnel(_raw: Tunnel, _nodeId: string): Promise<Tunnel> {
  return Promise.reject(new Error("This console cannot encrypt end to end yet."));
}
