/**
 * Resolves a model's name to a local folder or a repository on the Hub. The first match wins:
 *
 * 1. an existing folder is that folder;
 * 2. the name of a folder in this repository's `models/` is that embedded model;
 * 3. a short name: `pythia-{size}[-variant]` is `EleutherAI/…`, `gpt2[-size]` is `openai-community/…`;
 * 4. `organisation/name` is that repository.
 */
import { fromFileUrl, join } from "@std/path";
import { isFolder, nearNames, UserError } from "../../base/mod.ts";

/** Says where a model is: in a local folder or in a repository on the Hub. */
export type ModelSource = { kind: "folder"; dir: string } | { kind: "hub"; repo: string };

const PYTHIA_SIZES = ["14m", "31m", "70m", "160m", "410m", "1b", "1.4b", "2.8b", "6.9b", "12b"];
/** Suffixes of other training runs of the same shape: deduplicated data, first release, seeds, dropout. */
const PYTHIA_VARIANT = /^(-deduped)?(-v0)?$|^-(data-|weight-)?seed[1-9]$|^-[a-z]*dropout$/;
const GPT2_NAMES = ["gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"];

/** Folder of the models that this repository contains. */
export const EMBEDDED_MODELS: string = fromFileUrl(new URL("../../../models", import.meta.url));

/**
 * Finds the place of a model by its name, without network access.
 * @param embedded folder of the embedded models
 * @throws UserError (exit code 2) listing the nearest known names if the name is unknown, or naming the missing folder
 */
export function modelSource(name: string, embedded = EMBEDDED_MODELS): ModelSource {
  if (isFolder(name)) return { kind: "folder", dir: name };
  if (/^[\w-][\w.-]*$/.test(name)) {
    if (isFolder(join(embedded, name))) return { kind: "folder", dir: join(embedded, name) };
    const pythia = /^pythia-([\d.]+[mb])(.*)$/.exec(name);
    if (pythia && PYTHIA_SIZES.includes(pythia[1]) && PYTHIA_VARIANT.test(pythia[2])) {
      return { kind: "hub", repo: `EleutherAI/${name}` };
    }
    if (GPT2_NAMES.includes(name)) return { kind: "hub", repo: `openai-community/${name}` };
    const known = knownNames(embedded);
    throw new UserError(
      `unknown model ${name}; the nearest names are ${nearNames(name, known).join(", ")}. ` +
        `Other models need their full name (organisation/name) or a folder`,
      2,
    );
  }
  if (/^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(name)) return { kind: "hub", repo: name };
  throw new UserError(
    `${name}: neither an existing folder nor a model name (pythia-160m, organisation/name)`,
    2,
  );
}

function knownNames(embedded: string): string[] {
  const pythia = PYTHIA_SIZES.flatMap((size) => {
    const name = `pythia-${size}`;
    const seeds = Array.from({ length: 9 }, (_, i) => `${name}-seed${i + 1}`);
    return [name, `${name}-deduped`, `${name}-v0`, ...seeds];
  });
  const folders = isFolder(embedded) ? [...Deno.readDirSync(embedded)] : [];
  return [...pythia, ...GPT2_NAMES, ...folders.map(({ name }) => name)];
}
