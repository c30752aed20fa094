import { assertEquals } from "@std/assert";
import { writeJsonAtomic } from "../../utils/base/files.ts";
import { ResultPaths } from "../../utils/results/result_path.ts";
import { formingCircuit } from "../testing/forming_circuit.ts";
import { inFolder } from "../testing/small_series.ts";
import { withCurrentRoles } from "./current_roles.ts";

Deno.test("withCurrentRoles() takes the roles of head scripts that ran after the circuits", () =>
  inFolder(async (folder) => {
    const summary = formingCircuit({ model: "toy", nLayers: 2, nHeads: 2, steps: [8] });
    const stored = summary.roles;
    const paths = new ResultPaths(folder, "toy");
    const at = `${folder}/graphs/toy/ioi`;
    assertEquals((await withCurrentRoles(at, summary)).roles, stored);
    const zero = [[0, 0], [0, 0]];
    await writeJsonAtomic(paths.cspa(), {
      ...{ format: "circuits-over-time/cspa/1", config: {}, model: "toy" },
      shape: { nLayers: 2, nHeads: 2 },
      checkpoints: { "8": { scores: [[0, 0.2], [0, 0]], kl_kept: zero, kl_ablated: zero } },
    });
    const now = { "8": { "a0.h1": ["copy suppression"] } };
    assertEquals((await withCurrentRoles(at, summary)).roles, now);
    // outside a folder of results nothing says where the head scripts' files are
    assertEquals((await withCurrentRoles(`${folder}/copied`, summary)).roles, stored);
  }));
