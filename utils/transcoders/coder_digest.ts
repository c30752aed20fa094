/** A digest of coders, to tell results of a set from those of another that was later written to the same place. */
import { contentDigest } from "../base/mod.ts";
import { type Coder, coderShapes, type CoderWeight } from "./coder.ts";

/** Returns a digest of the settings and weights of coders; what else a file says about them does not count. */
export async function codersDigest(coders: readonly Coder[]): Promise<string> {
  const parts = await Promise.all(coders.map(async ({ config, weights }) => {
    const { metadata: _, ...settings } = config;
    const names = Object.keys(coderShapes(config)) as CoderWeight[];
    const digests = names.map((name) => {
      const { buffer, byteOffset, byteLength } = weights[name]!.data;
      return contentDigest(new Uint8Array(buffer, byteOffset, byteLength));
    });
    const ordered = Object.entries(settings).sort(([a], [b]) => a < b ? -1 : 1);
    return [ordered, await Promise.all(digests)];
  }));
  return await contentDigest(parts);
}
