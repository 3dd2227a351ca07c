// Signing in: name and password, then a code when the account asks for one.

import { api, ApiError, type Session } from "../api.ts";
import { fill, h } from "../dom.ts";
import { block } from "../text.ts";
import { reason } from "../ui/notice.ts";

/** The page; `done` gets the session. `why` says why one is here again. */
export function signInPage(done: (session: Session) => void, why?: string): HTMLElement {
  const user = h("input", { name: "user", autocomplete: "username", required: true, maxlength: 64, spellcheck: "false" });
  const password = h("input", {
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
    maxlength: 1024,
  });
  const code = h("input", {
    name: "code",
    autocomplete: "one-time-code",
    spellcheck: "false",
    maxlength: 32,
  });
  const codeRow = h(
    "label",
    { class: "field" },
    h("span", null, "Code"),
    code,
    h("small", null, "Six digits of your authenticator, or a recovery code."),
  );
  codeRow.hidden = true;
  const failed = h("p", { class: "bad-text", role: "alert" });
  const button = h("button", { type: "submit", class: "primary" }, "Sign in");
  let codeWanted = false;

  const submit = async (event: Event) => {
    event.preventDefault();
    button.disabled = true;
    fill(failed);
    try {
      const body: Record<string, string> = { user: user.value, password: password.value };
      if (codeWanted) body["code"] = code.value.trim();
      done(await api<Session>("POST", "sign-in", body));
    } catch (error) {
      button.disabled = false;
      if (error instanceof ApiError && error.code === "code-required") {
        codeWanted = true;
        codeRow.hidden = false;
        code.focus();
        return;
      }
      fill(failed, explain(error));
      (codeWanted && error instanceof ApiError && error.code === "code-wrong" ? code : password).select();
    }
  };

  return h(
    "main",
    { class: "alone" },
    h(
      "form",
      { class: "card sign-in", onsubmit: submit },
      h("h1", null, h("img", { src: "/favicon.svg", alt: "", width: 32, height: 32 }), "Meshlite"),
      why ? h("p", { class: "note", role: "status" }, why) : null,
      h("label", { class: "field" }, h("span", null, "User"), user),
      h("label", { class: "field" }, h("span", null, "Password"), password),
      codeRow,
      failed,
      button,
    ),
  );
}

function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return reason(error);
  if (error.status === 429) {
    const wait = error.retryAfter > 0 ? ` Try again in ${error.retryAfter} s.` : " Try again later.";
    return "Too many attempts." + wait;
  }
  if (error.code === "wrong") return "User or password is wrong.";
  if (error.code === "code-wrong") return "The code is wrong or was used already.";
  return block(error.message, 300);
}
