/**
 * Asks the Hub's API: small answers in JSON, read whole and checked before anybody uses them.
 *
 * 1. The connection counts as broken after a time without a byte, in the headers and in the body.
 * 2. An answer that is not the JSON expected is not the Hub's: a log-in page of a network or a proxy answers in its place.
 *    The Hub then counts as unreachable, and the cache serves.
 */
import type { z } from "zod";
import { shortJson } from "../../base/mod.ts";
import { hubRequest, type HubSettings, HubUnreachable, IdleTimer } from "./hub_client.ts";
import { TransientFault, withRetries } from "./hub_client.ts";

/** Longest answer accepted. A page of a listing has 1,000 files, about 300 bytes each. */
const MAX_ANSWER_BYTES = 50_000_000;

/** Most requests of one fetch: a listing that never ends is refused. */
const MOST_REQUESTS = 10_000;

/**
 * Makes a `fetch` for the Hub's API that adds the token, retries on transient faults, and throws on refusals and on answers
 * that do not fit the schema.
 * @throws HubRefusal, or HubUnreachable if every attempt failed or something else answers
 */
export function hubFetch(settings: HubSettings, schema: z.ZodType): typeof fetch {
  let requests = 0;
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (requests++ === MOST_REQUESTS) {
      throw new HubUnreachable(`${url}: more than ${MOST_REQUESTS} pages; the listing never ends`);
    }
    const { text, headers } = await withRetries(settings, async () => {
      const idle = new IdleTimer(settings.idleTimeout);
      try {
        const response = await hubRequest(settings, input, { ...init, signal: idle.signal });
        return { text: await wholeText(response, idle, url), headers: response.headers };
      } finally {
        idle.stop();
      }
    });
    checkAnswer(text, schema, url);
    return new Response(text, { headers });
  };
}

async function wholeText(response: Response, idle: IdleTimer, url: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "", bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      idle.restart();
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) break;
      text += decoder.decode(chunk, { stream: true });
    }
  } catch (cause) {
    throw new TransientFault(`${url}: the connection broke: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (bytes > MAX_ANSWER_BYTES) {
    throw new HubUnreachable(`${url}: an answer of more than ${MAX_ANSWER_BYTES} bytes`);
  }
  return text + decoder.decode();
}

/** @throws HubUnreachable naming the address */
function checkAnswer(text: string, schema: z.ZodType, url: string): void {
  let found: string;
  try {
    const value: unknown = JSON.parse(text);
    if (schema.safeParse(value).success) return;
    found = shortJson(value);
  } catch {
    found = JSON.stringify(text.slice(0, 40));
  }
  throw new HubUnreachable(
    `${url}: expected an answer of the Hub, found ${found}; a log-in page or a proxy may answer in its place`,
  );
}
