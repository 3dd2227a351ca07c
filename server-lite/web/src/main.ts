// The beginning: who is signed in, then the sign-in page or the console.

import "./style.css";
import { session, type Session } from "./api.ts";
import { fill, h } from "./dom.ts";
import { startShell } from "./shell.ts";
import { reason } from "./ui/notice.ts";
import { applyTheme } from "./ui/theme.ts";
import { signInPage } from "./views/sign-in.ts";

const root = document.getElementById("app")!;

applyTheme();
void begin();

async function begin(): Promise<void> {
  try {
    const found = await session();
    if (found) console_(found);
    else signIn();
  } catch (error) {
    fill(
      root,
      h(
        "main",
        { class: "alone" },
        h("h1", null, "Meshlite"),
        h("p", { class: "bad-text", role: "alert" }, reason(error)),
        h("button", { type: "button", class: "primary", onclick: () => void begin() }, "Try again"),
      ),
    );
  }
}

function signIn(why?: string): void {
  document.title = "Sign in · Meshlite";
  fill(root, signInPage(console_, why));
  root.querySelector<HTMLInputElement>("input")?.focus();
}

function console_(signedIn: Session): void {
  startShell(root, signedIn, signIn);
}
