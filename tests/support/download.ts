/** Downloads a model from a Hub on this machine into a folder, as a script that a kill campaign can kill. */
import { resolveModel } from "../../utils/model/mod.ts";
import { REPO } from "./hub_model.ts";

if (import.meta.main) {
  const [endpoint, cacheDir] = Deno.args;
  await resolveModel(REPO, { cacheDir, hub: { endpoint, offline: false } });
}
