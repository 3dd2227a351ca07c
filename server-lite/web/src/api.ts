// The REST side of the server, used for signing in and for the account. The session is a cookie that script cannot
// read; the server checks where a request comes from.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Seconds to wait, when the server said so. */
    readonly retryAfter: number,
  ) {
    super(message);
  }
}

export interface Session {
  user: { id: string; name: string; site: number };
  expires?: number;
}

/** Calls `/api/v1/…`. Rejects with `ApiError`, also when there is no server (status 0). */
export async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
    });
  } catch {
    throw new ApiError(0, "unreachable", "The server cannot be reached.", 0);
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer as T;
  const error = (answer as { error?: { code?: unknown; message?: unknown } } | null)?.error;
  throw new ApiError(
    response.status,
    typeof error?.code === "string" ? error.code : String(response.status),
    typeof error?.message === "string" ? error.message : `The server answered with status ${response.status}.`,
    Number(response.headers.get("Retry-After")) || 0,
  );
}

/** The session of the cookie, or nothing when nobody is signed in. */
export async function session(): Promise<Session | null> {
  try {
    return await api<Session>("GET", "session");
  } catch (error) {
    if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return null;
    throw error;
  }
}
