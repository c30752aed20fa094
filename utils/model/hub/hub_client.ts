/**
 * Sends requests to the Hugging Face Hub, retries on bad connections and explains failures.
 *
 * 1. Settings come from the environment variables of Python's huggingface_hub
 *    (https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables).
 * 2. A request is retried with exponential back-off and jitter if the connection fails or the server answers 408, 429
 *    or 5xx. Every other refusal is final.
 * 3. A pause that the server asks for (`Retry-After`) is kept.
 * 4. A refusal becomes a HubRefusal with the server's status and `X-Error-Code`.
 */
import { retry } from "@std/async/retry";
import { join } from "@std/path";
import { userCacheFolder, UserError } from "../../base/mod.ts";

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
export class TransientFault extends Error {
  /** Takes the pause that the server asks for, in milliseconds. */
  constructor(message: string, options?: ErrorOptions, readonly pause = 0) {
    super(message, options);
  }
}

/** Longest pause that a server may ask for; the Hub counts requests in windows of five minutes. */
const LONGEST_PAUSE = 300_000;

/**
 * Reads settings from `HF_ENDPOINT`, `HF_TOKEN` (or the token file) and `HF_HUB_OFFLINE`; `given` overrides them.
 * @throws UserError for an endpoint that is not an address, or a token that no header can hold; never shows the token
 */
export function hubSettings(given: Partial<HubSettings> = {}): HubSettings {
  const environment = { endpoint: environmentEndpoint(), ...environmentToken() };
  const settings = {
    offline: ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"].some((name) =>
      /^(1|true|yes|on)$/i.test(Deno.env.get(name) ?? "")
    ),
    attempts: 5,
    firstDelay: 1000,
    idleTimeout: 30_000,
    endpoint: environment.endpoint,
    token: environment.token,
    ...given,
  };
  checkEndpoint(settings.endpoint);
  const wrong = /[^\x21-\x7e]/.exec(settings.token ?? "");
  if (wrong) {
    throw new UserError(
      `the token in ${
        environment.source ?? "the settings"
      }: expected letters and digits, found a character that ` +
        `a token cannot contain (a space, a line break or another one) at position ${wrong.index}; copy it again`,
      2,
    );
  }
  return settings;
}

function environmentEndpoint(): string {
  return (Deno.env.get("HF_ENDPOINT") || "https://huggingface.co").trim().replace(/\/+$/, "");
}

function checkEndpoint(endpoint: string): void {
  const url = URL.parse(endpoint);
  if (url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password) return;
  throw new UserError(
    "HF_ENDPOINT: expected an address such as https://huggingface.co, without a user name or a password" +
      (url?.password ? "" : `, found ${JSON.stringify(endpoint)}`),
    2,
  );
}

/** Returns `HF_HOME`, by default `huggingface` in the user's cache folder. */
function hubHome(): string {
  return Deno.env.get("HF_HOME") || join(userCacheFolder(), "huggingface");
}

/** Returns the token and where it is from. */
function environmentToken(): { token?: string; source?: string } {
  for (const source of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
    const token = Deno.env.get(source)?.trim();
    if (token) return { token, source };
  }
  try {
    const path = Deno.env.get("HF_TOKEN_PATH") || join(hubHome(), "token");
    return { token: Deno.readTextFileSync(path).trim() || undefined, source: path };
  } catch {
    return {};
  }
}

/**
 * Sends one request without retries. The signal in `init` aborts it. Only the endpoint receives the token: the fetch
 * standard drops it from a redirect to another origin.
 * @throws HubRefusal for a final answer, TransientFault for one that may change
 */
export async function hubRequest(
  settings: HubSettings,
  input: RequestInfo | URL,
  init: RequestInit,
): Promise<Response> {
  const headers = new Headers(init.headers);
  const to = new URL(input instanceof Request ? input.url : input);
  if (settings.token && to.origin === new URL(settings.endpoint).origin) {
    headers.set("Authorization", `Bearer ${settings.token}`);
  }
  let response: Response;
  try {
    response = await fetch(input, { ...init, headers });
  } catch (cause) {
    throw new TransientFault((cause as Error).message, { cause });
  }
  if (response.ok) return response;
  const message = `${response.status} ${await refusalText(response)} (${response.url})`;
  if ([408, 429].includes(response.status) || response.status >= 500) {
    const pause = pauseAskedFor(response);
    if (pause > LONGEST_PAUSE) {
      throw new HubUnreachable(`${message}; it asks for a pause of ${Math.ceil(pause / 1000)} s`);
    }
    throw new TransientFault(message, {}, pause);
  }
  throw new HubRefusal(response.status, response.headers.get("X-Error-Code") ?? "", message);
}

/** Returns the milliseconds in `Retry-After`, a number of seconds or a date; 0 without one. */
function pauseAskedFor(response: Response): number {
  const text = response.headers.get("Retry-After") ?? "";
  const pause = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return pause > 0 ? pause : 0;
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
  let attempt = 0;
  const paused = async () => {
    if (attempt++ > 0 && last.fault instanceof TransientFault) await delay(last.fault.pause);
    return await task();
  };
  try {
    return await retry(paused, {
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

const delay = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

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
