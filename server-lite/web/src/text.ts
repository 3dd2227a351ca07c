// Text of others, made safe to look at: cut to a length, and with every invisible character shown. A name with a
// right-to-left override must not make `exe.txt` of `txt.exe`, and a control character must not vanish.

/** Most characters of a name shown in a list. */
export const NAME = 120;
/** Most characters of a paragraph. */
export const PARAGRAPH = 4000;

/** One line of somebody else's text: cut, without line breaks, with hidden characters visible. */
export function line(value: unknown, most = NAME): string {
  return reveal(cut(asText(value), most), false);
}

/** Several lines of somebody else's text; line breaks and tabs stay. */
export function block(value: unknown, most = PARAGRAPH): string {
  return reveal(cut(asText(value), most), true);
}

/** Text or number; anything else of the wrong type is not shown. */
export function asText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return "";
}

/** Cuts to `most` characters and says so by an ellipsis. Never splits a surrogate pair. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  let end = most - 1;
  const last = text.charCodeAt(end - 1);
  if (last >= 0xd800 && last < 0xdc00) end--;
  return text.slice(0, end) + "…";
}

/** Shows control and direction characters: controls as their pictures, the rest as `⟨U+202E⟩`. */
export function reveal(text: string, lines: boolean): string {
  let out = "";
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (lines && (code === 10 || code === 9)) continue;
    const picture = pictureOf(code);
    if (picture === null) continue;
    out += text.slice(from, at) + picture;
    from = at + 1;
  }
  return from === 0 ? text : out + text.slice(from);
}

function pictureOf(code: number): string | null {
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  const hidden =
    (code >= 0x80 && code < 0xa0) ||
    code === 0xad ||
    code === 0x61c ||
    code === 0x115f ||
    code === 0x1160 ||
    code === 0x180e ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    code === 0x3164 ||
    code === 0xfeff ||
    code === 0xffa0 ||
    (code >= 0xfff9 && code <= 0xfffb);
  return hidden ? `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩` : null;
}
