// Placeholder of the module that encrypts a tunnel end to end.
import type { RelayTunnel, Tunnel } from "../tunnel.ts";

/** Encrypts what goes through `raw`; `reopen` opens a new way to the same device, to resume after a cut. */
export function secureTunnel(
  _raw: RelayTunnel,
  _nodeId: string,
  _reopen: () => Promise<RelayTunnel>,
): Promise<Tunnel> {
  return Promise.reject(new Error("This console cannot encrypt end to end yet."));
}
