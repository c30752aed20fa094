/** A model on the Hub for tests: `pythia-14m` with the weights of a reference model, and a run with an empty cache. */
import { fromFileUrl } from "@std/path";
import { resolveModel, type ResolveOptions } from "../../utils/model/hub/hub.ts";
import { type Fault, type Repository, startHub } from "./hub_server.ts";

/** Returns a file of `tests/reference`. */
export const reference = (path: string): Uint8Array =>
  Deno.readFileSync(fromFileUrl(new URL(`../reference/${path}`, import.meta.url)));

export const MAIN = "a".repeat(40);
export const STEP = "b".repeat(40);
export const config = reference("neox/model/config.json");
export const weights = reference("neox/model/model.safetensors");
const tokenizer = '{"version": "1.0"}';
const files = {
  "config.json": config,
  "model.safetensors": weights,
  "pytorch_model.bin": "not needed",
  "tokenizer.json": tokenizer,
  "README.md": "not needed",
};
export const pythia: Repository = {
  branches: { main: MAIN, step1000: STEP, step2000: "c".repeat(40), step143000: "d".repeat(40) },
  commits: { [MAIN]: files, [STEP]: { ...files, "tokenizer.json": '{"step": 1000}' } },
};
export const REPO = "EleutherAI/pythia-14m";

/** Runs `body` with a local Hub and an empty cache. */
export async function withHub(
  { repository = pythia, fault }: { repository?: Repository; fault?: Fault },
  body: (
    context: {
      hub: ReturnType<typeof startHub>;
      cacheDir: string;
      resolve: (name: string, options?: ResolveOptions) => Promise<string>;
    },
  ) => Promise<void>,
): Promise<void> {
  await using hub = startHub({ [REPO]: repository }, fault);
  const cacheDir = await Deno.makeTempDir();
  try {
    await body({
      hub,
      cacheDir,
      resolve: (name, { hub: settings, ...options } = {}) =>
        resolveModel(name, {
          cacheDir,
          hub: {
            endpoint: hub.endpoint,
            token: undefined,
            offline: false,
            firstDelay: 1,
            ...settings,
          },
          ...options,
        }),
    });
  } finally {
    await Deno.remove(cacheDir, { recursive: true });
  }
}
