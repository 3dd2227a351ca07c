// Dark or light: as the system says, until somebody chooses.

type Theme = "system" | "light" | "dark";
const KEY = "meshlite-theme";
const ORDER: Theme[] = ["system", "light", "dark"];

/** What was chosen. */
export function theme(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

/** Puts the choice on the page. */
export function applyTheme(chosen = theme()): void {
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
  dispatchEvent(new Event("meshlite-theme"));
}

/** The next choice of the three. */
export function nextTheme(): Theme {
  const chosen = ORDER[(ORDER.indexOf(theme()) + 1) % ORDER.length]!;
  if (chosen === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, chosen);
  applyTheme(chosen);
  return chosen;
}

/** True when the page is dark now. */
export function isDark(): boolean {
  const chosen = theme();
  return chosen === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}
