/**
 * Requests to the Hugging Face Hub that survive a bad connection and fail in words.
 *
 * 1. Settings come from the environment variables of Python's huggingface_hub
 *    (https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables).
 * 2. A request is repeated with exponential back-off and jitter when the connection fails or the server answers 408,
 *    429 or 5xx; every other refusal is final.
 * 3. A refusal becomes a HubRefusal with the server's status and `X-Error-Code`.
 */
import { retry } from "@std/async/retry";
import { join } from "@std/path";

/** How to reach the Hub; every field has a default from the environment. */
export interface HubSettings {
  endpoint: string;
  token?: string;
  offline: boolean;
  /** attempts in a row without progress before giving up */
  attempts: number;
  /** milliseconds before the first repetition, doubled each time, with jitter */
  firstDelay: number;
  /** milliseconds without a byte after which a connection counts as broken */
  idleTimeout: number;
}

/** The Hub refused a request. */
export class HubRefusal extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

/** The Hub could not be reached, or the connection broke again and again. */
export class HubUnreachable extends Error {}

/** A fault that may have gone at the next attempt. */
export class TransientFault extends Error {}

/** Settings from `HF_ENDPOINT`, `HF_TOKEN` (or the token file), `HF_HUB_OFFLINE`, overridden by `given`. */
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

/** `HF_HOME`, by default `huggingface` in the user's cache folder. */
function hubHome(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") || join(Deno.env.get("HOME") ?? ".", ".cache");
  return Deno.env.get("HF_HOME") || join(cache, "huggingface");
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
 * A `fetch` for the Hub: adds the token, repeats on transient faults, throws on refusals. A redirect to another origin
 * does not carry the token along, as the fetch standard demands.
 * @throws HubRefusal, or HubUnreachable when every attempt failed
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
 * One request, not repeated. The caller's signal ends it.
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
 * Runs `task` until it succeeds, with growing pauses after transient faults.
 * @throws HubUnreachable with the last fault after `settings.attempts` attempts; any other error at once
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
      `${settings.endpoint} failed ${settings.attempts} times in a row, last: ${last.fault.message}`,
      { cause: last.fault },
    );
  }
}

/** Aborts its signal when nothing happened for a while. */
export class IdleTimer {
  #controller = new AbortController();
  #timer?: ReturnType<typeof setTimeout>;

  constructor(private readonly milliseconds: number) {
    this.restart();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something happened: the time begins again. */
  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#controller.abort(new TransientFault(`nothing for ${this.milliseconds} ms`)),
      this.milliseconds,
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
