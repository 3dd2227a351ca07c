// Keys of a browser's keyboard event as Windows virtual-key codes.

const CODES: Record<string, number> = {
  Backspace: 8, Tab: 9, Enter: 13, NumpadEnter: 13, ShiftLeft: 16, ShiftRight: 16, ControlLeft: 17, ControlRight: 17, AltLeft: 18,
  AltRight: 18, Pause: 19, CapsLock: 20, Escape: 27, Space: 32, PageUp: 33, PageDown: 34, End: 35, Home: 36, ArrowLeft: 37,
  ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, PrintScreen: 44, Insert: 45, Delete: 46, MetaLeft: 91, MetaRight: 92,
  ContextMenu: 93, NumpadMultiply: 106, NumpadAdd: 107, NumpadComma: 108, NumpadSubtract: 109, NumpadDecimal: 110,
  NumpadDivide: 111, NumLock: 144, ScrollLock: 145, AudioVolumeMute: 173, AudioVolumeDown: 174, AudioVolumeUp: 175,
  MediaTrackNext: 176, MediaTrackPrevious: 177, MediaStop: 178, MediaPlayPause: 179, Semicolon: 186, Equal: 187, Comma: 188,
  Minus: 189, Period: 190, Slash: 191, Backquote: 192, BracketLeft: 219, Backslash: 220, BracketRight: 221, Quote: 222,
  IntlBackslash: 226,
};

const EXTENDED = new Set([
  "ShiftRight", "ControlRight", "AltRight", "MetaLeft", "MetaRight", "ContextMenu", "ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown",
  "Home", "End", "PageUp", "PageDown", "Insert", "Delete", "NumpadDivide", "NumpadEnter", "NumLock", "PrintScreen",
]);

/** Code of a physical key, such as `KeyA`; null for those that cannot be sent. */
export function keyCode(code: string): { code: number; extended: boolean } | null {
  const last = code.charCodeAt(code.length - 1);
  if (/^Key[A-Z]$/.test(code) || /^Digit[0-9]$/.test(code)) return { code: last, extended: false };
  if (/^Numpad[0-9]$/.test(code)) return { code: last + 48, extended: false };
  const f = /^F([1-9]|1[0-9]|2[0-4])$/.exec(code);
  if (f) return { code: 111 + Number(f[1]), extended: false };
  const known = CODES[code];
  return known === undefined ? null : { code: known, extended: EXTENDED.has(code) };
}

/** What of a keyboard event decides how it is sent. */
export interface Stroke {
  key: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  /** AltGr is held, which browsers show as Ctrl and Alt. */
  altGraph: boolean;
}

/** The character that a stroke types: it is sent as such, so that both sides may have different keyboards. */
export function typedText(stroke: Stroke): string | null {
  if ([...stroke.key].length !== 1) return null;
  if (!stroke.altGraph && (stroke.ctrlKey || stroke.altKey)) return null;
  return stroke.metaKey ? null : stroke.key;
}
