// Numbers and times for people. Times in the reader's own zone; sizes in binary units.

/** `1.4 MiB`; nothing for what is no size. */
export function bytes(value: unknown): string {
  const size = Number(value);
  if (value === null || value === undefined || !Number.isFinite(size) || size < 0) return "";
  if (size < 1024) return `${size} B`;
  const units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
  let scaled = size;
  let unit = -1;
  do {
    scaled /= 1024;
    unit++;
  } while (scaled >= 1023.5 && unit < units.length - 1);
  return `${scaled < 10 ? scaled.toFixed(1) : Math.round(scaled)} ${units[unit]}`;
}

/** `3 min`, `5 h`, `12 d`: how long. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (ms > 0 && ms < 500) return "<1 s";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** A time in milliseconds, seconds as text of ISO 8601, or nothing when it is neither. */
export function time(value: unknown): Date | null {
  if (typeof value !== "number" && typeof value !== "string") return null;
  const date = new Date(value);
  return Number.isFinite(date.getTime()) && date.getTime() > 0 ? date : null;
}

/** `28 Nov, 14:05:09`, with the year when it is another one. */
export function moment(value: unknown): string {
  const date = time(value);
  if (!date) return "";
  const sameYear = date.getFullYear() === new Date().getFullYear();
  return date.toLocaleString(undefined, {
    year: sameYear ? undefined : "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hour12: false,
  });
}

/** `3 min ago`. */
export function ago(value: unknown): string {
  const date = time(value);
  return date ? `${span(Date.now() - date.getTime())} ago` : "";
}
