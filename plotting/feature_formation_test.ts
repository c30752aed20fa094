import { assertEquals, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { UserError } from "../utils/base/user_error.ts";
import { featureFormations } from "../utils/results/mod.ts";
import { appearedShares, formationFigure, presenceRows } from "./feature_formation.ts";

const FILE = await featureFormations.read(fromFileUrl(
  new URL(
    "../tests/reference/result_files/feature_circuits/pythia-nano/ioi/main/formation.json",
    import.meta.url,
  ),
));

Deno.test("presenceRows() gives each feature relative to its largest presence, the earliest first", () => {
  const track = (feature: number) => ({ layer: 0, role: "S2", numbers: [-1, feature, feature] });
  const entry = (...presence: number[][]) => ({ presence, inputs: presence.map(() => []) });
  const rows = presenceRows({
    header: { ...FILE.header, steps: [1, 2, 3], tracks: [track(4), track(9)] },
    entries: new Map([
      [1, entry([], [0.1, 0.1])],
      [2, entry([0.01, 0.01], [0.1, 0.3])],
      [3, entry([0.4, 0.4], [0.5, 0.3])],
    ]),
  });
  assertEquals(rows.map(({ name }) => name), ["0.9 at S2", "0.4 at S2"]);
  assertEquals(rows.map(({ values }) => values.map((x) => Math.round(100 * x) / 100)), [
    [0.25, 0.5, 1],
    [0, 0.03, 1],
  ]);
});

Deno.test("appearedShares() counts each feature of an edge once", () => {
  const edge = (source: number, target: number, appear: [number, number, number] | null) => ({
    source,
    target,
    series: [],
    appear,
    lag: null,
  });
  const edges = [edge(0, 1, [1, 2, 3]), edge(0, 2, [1, 3, 3]), edge(1, 2, null)];
  const answers = { lags: null, edges, transitions: [] };
  assertEquals(appearedShares({ header: { ...FILE.header, steps: [1, 2, 3], answers } }), {
    features: [1 / 3, 2 / 3, 1],
    edges: [0, 0, 1],
  });
});

Deno.test("formationFigure() has four panels per task and names the sets that there are", () => {
  const layout = formationFigure([FILE], "main").layout as { annotations: { text: string }[] };
  assertEquals(layout.annotations.length, 4);
  assertThrows(() => formationFigure([FILE], "warm"), UserError, "found the sets main");
});
