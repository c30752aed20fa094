/** Every kind of file that the project reads: how a good one is made, how it is damaged, and who reads it. */
import { join } from "@std/path";
import { RESULT_KINDS } from "../../../utils/results/kinds/all.ts";
import { ResultPaths } from "../../../utils/results/mod.ts";
import { CODER_KINDS } from "./coder_kinds.ts";
import { DATA_KINDS } from "./data_kinds.ts";
import { FEATURE_KINDS } from "./feature_kinds.ts";
import { FIGURE_KINDS } from "./figure_kinds.ts";
import { MODEL_KINDS } from "./model_kinds.ts";
import { type FuzzKind, REFERENCE } from "./kind.ts";
import { mutateJson } from "./mutations.ts";
import { SETTINGS_KINDS } from "./settings_kinds.ts";

/** Result files, read by their contract and opened to continue. */
const resultKinds = Object.entries(RESULT_KINDS).map(([name, kind]): [string, FuzzKind] => {
  const paths = (root: string) => new ResultPaths(root, "pythia-nano");
  const file = kind.path(paths("."), "ioi");
  const good = kind.path(paths(join(REFERENCE, "result_files")), "ioi");
  return [`result file ${name}`, {
    file,
    async make(folder) {
      await Deno.mkdir(join(folder, file, ".."), { recursive: true });
      await Deno.copyFile(good, join(folder, file));
    },
    mutate: mutateJson,
    async read(folder) {
      const path = join(folder, file);
      await kind.read(path);
      const { config } = JSON.parse(await Deno.readTextFile(good));
      await kind.open({ path, settings: config, header: {} as never });
    },
  }];
});

/** All kinds by name. */
export const KINDS: Record<string, FuzzKind> = {
  ...Object.fromEntries(resultKinds),
  ...FIGURE_KINDS,
  ...SETTINGS_KINDS,
  ...MODEL_KINDS,
  ...CODER_KINDS,
  ...FEATURE_KINDS,
  ...DATA_KINDS,
};
