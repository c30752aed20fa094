/**
 * Sends requests to the Hugging Face Hub, retries on bad connections and explains failures.
 *
 * 1. Settings come from the environment variables of Python's huggingface_hub
 *    (https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables).
 * 2. A request is retried with exponential back-off and jitter if the connection fails or the server answers 408, 429
 *    or 5xx. Every other refusal is final.
 * 3. A refusal becomes a HubRefusal with the server's status and `X-Error-Code`.
 */
import { retry } from "@std/async/retry";
import { join } from "@std/path";
import { userCacheFolder } from "../../base/mod.ts";

/** Says how to reach the Hub. */
export interface HubSettings {
  /** URL of the Hub, without a slash at the end. */
  endpoint: string;
  /** Access token, sent to the endpoint only. */
  token?: string;
  /** Uses the cache only and sends no request. */
  offline: boolean;
  /** Attempts in a row without progress before giving up. */
  attempts: number;
  /** Milliseconds before the first retry; doubles with each retry, with jitter. */
  firstDelay: number;
  /** Milliseconds without a byte after which a connection counts as broken. */
  idleTimeout: number;
}

/** Reports that the Hub refused a request. */
export class HubRefusal extends Error {
  /** Takes the HTTP status and the server's `X-Error-Code` (empty if it sent none). */
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

/** Reports that the Hub could not be reached, or that every attempt failed. */
export class HubUnreachable extends Error {}

/** Reports a fault that a retry may get past. */
export class TransientFault extends Error {}

/** Reads settings from `HF_ENDPOINT`, `HF_TOKEN` (or the token file) and `HF_HUB_OFFLINE`; `given` overrides them. */
export function hubSettings(given: Partial<HubSettings> = {}): HubSettings {
  return {
    endpoint: (Deno.env.get("HF_ENDPOINT") || "https://huggingface.co").replace(/\/+$/, ""),
    token: environmentToken(),
    offline: ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"].some((name) =>
      /^(1|true|yes|on)$/i.test(Deno.env.get(name) ?? "")
    ),
    attempts: 5,
    firstDelay: 1000,
    idleTimeout: 30_000,
    ...given,
  };
}

/** Returns `HF_HOME`, by default `huggingface` in the user's cache folder. */
function hubHome(): string {
  return Deno.env.get("HF_HOME") || join(userCacheFolder(), "huggingface");
}

function environmentToken(): string | undefined {
  const token = Deno.env.get("HF_TOKEN") || Deno.env.get("HUGGING_FACE_HUB_TOKEN");
  if (token) return token.trim();
  try {
    const path = Deno.env.get("HF_TOKEN_PATH") || join(hubHome(), "token");
    return Deno.readTextFileSync(path).trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Makes a `fetch` for the Hub that adds the token, retries on transient faults and throws on refusals. A redirect to
 * another origin drops the token, as the fetch standard requires.
 * @throws HubRefusal, or HubUnreachable if every attempt failed
 */
export function hubFetch(settings: HubSettings): typeof fetch {
  return (input, init) =>
    withRetries(settings, async () => {
      const idle = new IdleTimer(settings.idleTimeout);
      try {
        return await hubRequest(settings, input, { ...init, signal: idle.signal });
      } finally {
        idle.stop();
      }
    });
}

/**
 * Sends one request without retries. The signal in `init` aborts it.
 * @throws HubRefusal for a final answer, TransientFault for one that may change
 */
export async function hubRequest(
  settings: HubSettings,
  input: RequestInfo | URL,
  init: RequestInit,
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (settings.token) headers.set("Authorization", `Bearer ${settings.token}`);
  let response: Response;
  try {
    response = await fetch(input, { ...init, headers });
  } catch (cause) {
    throw new TransientFault((cause as Error).message, { cause });
  }
  if (response.ok) return response;
  const message = `${response.status} ${await refusalText(response)} (${response.url})`;
  if ([408, 429].includes(response.status) || response.status >= 500) {
    throw new TransientFault(message);
  }
  throw new HubRefusal(response.status, response.headers.get("X-Error-Code") ?? "", message);
}

async function refusalText(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
  try {
    return String(JSON.parse(text).error ?? "");
  } catch {
    return text.slice(0, 200);
  }
}

/**
 * Runs `task` until it succeeds. Waits longer after each transient fault.
 * @throws HubUnreachable with the last fault after `settings.attempts` attempts; any other error immediately
 */
export async function withRetries<T>(settings: HubSettings, task: () => Promise<T>): Promise<T> {
  const last: { fault?: Error } = {};
  try {
    return await retry(task, {
      maxAttempts: settings.attempts,
      minTimeout: settings.firstDelay,
      maxTimeout: Math.max(60_000, settings.firstDelay),
      isRetriable: (error: Error) => {
        last.fault = error;
        return error instanceof TransientFault;
      },
    });
  } catch (error) {
    if (!(last.fault instanceof TransientFault)) throw error;
    throw new HubUnreachable(
      `${settings.endpoint} failed ${settings.attempts} times in a row; last: ${last.fault.message}`,
      { cause: last.fault },
    );
  }
}

/** Aborts its signal after a time without activity. */
export class IdleTimer {
  #controller = new AbortController();
  #timer?: ReturnType<typeof setTimeout>;

  /** Starts the timer. */
  constructor(private readonly milliseconds: number) {
    this.restart();
  }

  /** Returns the signal to give to `fetch`. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Restarts the timer; call it on activity. */
  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#controller.abort(new TransientFault(`no data for ${this.milliseconds} ms`)),
      this.milliseconds,
    );
  }

  /** Stops the timer; the signal then never fires. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
