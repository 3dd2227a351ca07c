// Addresses of pages: `#/device/<id>/terminal`. Deep links work, and so do the browser's back and forward.

/** The parts of the present address, decoded; empty parts are left out. */
export function parts(hash = location.hash): string[] {
  const path = hash.startsWith("#/") ? hash.slice(2).split("?")[0]! : "";
  return path
    .split("/")
    .filter((part) => part !== "")
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
}

/** The address of a page. */
export function to(...path: string[]): string {
  return "#/" + path.map((part) => encodeURIComponent(part)).join("/");
}

/** Goes to a page. */
export function go(...path: string[]): void {
  location.hash = to(...path);
}
