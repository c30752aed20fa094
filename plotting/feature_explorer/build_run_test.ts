import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../../utils/base/mod.ts";
import { formingDashboards, formingFeatures, writeFeatures } from "../testing/forming_features.ts";
import { inFolder } from "../testing/small_series.ts";
import { pickCards } from "./cards.ts";
import type { CheckpointCards, FeatureRun } from "./page_data.ts";
import { readFeatureRuns } from "./read.ts";

type Files = ReturnType<typeof formingFeatures>;

async function runOf(files: Files): Promise<FeatureRun> {
  let run: FeatureRun | undefined;
  await inFolder(async (folder) => {
    await writeFeatures(folder, files);
    [run] = await readFeatureRuns([folder]);
  });
  return run!;
}

/** Returns the numbers of a feature forwards and backwards along the matches, by searching every layer's list each time. */
function chainByHand({ identity }: Files, t: number, layer: number, feature: number) {
  const steps = Object.keys(identity.checkpoints) as (keyof typeof identity.checkpoints)[];
  const kept = (k: number) => identity.checkpoints[steps[k]].layers[layer].kept;
  const numbers: (number | null)[] = steps.map(() => null);
  numbers[t] = feature;
  for (let k = t; k > 0 && numbers[k] !== null; k--) {
    numbers[k - 1] = kept(k).find(([, now]) => now === numbers[k])?.[0] ?? null;
  }
  for (let k = t; k + 1 < steps.length && numbers[k] !== null; k++) {
    numbers[k + 1] = kept(k + 1).find(([old]) => old === numbers[k])?.[1] ?? null;
  }
  return numbers;
}

/** Makes matches, circuits and edges up at random, with a linear congruential generator. */
function atRandom(): Files {
  const files = formingFeatures();
  let seed = 7;
  const draw = (n: number) => (seed = (seed * 16807) % 2147483647) % n;
  const checkpoints = Object.values(files.identity.checkpoints);
  checkpoints.forEach(({ layers }, t) =>
    layers.forEach((layer) => {
      const free = Array.from({ length: 12 }, (_, i) => i);
      layer.kept = [];
      for (let old = 0; t > 0 && old < 12; old++) {
        if (draw(3) === 0) continue;
        const [now] = free.splice(draw(free.length), 1);
        layer.kept.push([old, now, 0.5 + old / 100]);
      }
      delete layer.cosines;
      layer.born = free;
    })
  );
  for (const checkpoint of Object.values(files.circuits.checkpoints)) {
    if (!checkpoint.circuit) continue;
    const nodes = Array.from({ length: 24 }, (_, i) => ({
      ...{ layer: i % 2, role: i % 3 === 0 ? "start" : "END", feature: Math.floor(i / 2) },
      ...{ effect: 1, interval: [0.5, 1.5] },
    }));
    checkpoint.circuit.nodes = nodes.filter(() => draw(4) > 0);
    const count = checkpoint.circuit.nodes.length;
    checkpoint.circuit.edges = Array.from({ length: 150 }, () => ({
      ...{ source: draw(count), target: draw(count) },
      ...{ shares: [draw(100) / 100, 0.1, 0.2, -0.3], direct: 0, heads: [] },
    })).filter((edge, i, all) =>
      all.findIndex(({ source, target }) => source === edge.source && target === edge.target) === i
    );
  }
  files.formation.tracks = [];
  for (const entry of Object.values(files.formation.checkpoints)) {
    Object.assign(entry, { presence: [], inputs: [] });
  }
  files.formation.answers.edges = [];
  return files;
}

Deno.test("buildRun(): a slot is a chain of matches at a role, and edges keep their birth, as a search by hand finds", async () => {
  const files = atRandom();
  const run = await runOf(files);
  const name = (layer: number, role: string, numbers: unknown) =>
    JSON.stringify([layer, role, numbers]);
  const nameOf = (slot: number) => {
    const { layer, role, numbers } = run.slots[slot];
    return name(layer, run.roles[role], numbers);
  };
  assertEquals(new Set(run.slots.map((_, i) => nameOf(i))).size, run.slots.length);
  const listed: Set<string>[] = [];
  const stored = Object.values(files.circuits.checkpoints);
  run.checkpoints.forEach(({ circuit }, t) => {
    const source = stored[t].circuit;
    const byHand = (source?.nodes ?? []).map(({ layer, role, feature }) =>
      name(layer, role, chainByHand(files, t, layer, feature!))
    );
    assertEquals((circuit?.nodes ?? []).map(({ slot }) => nameOf(slot)), byHand);
    const edges = (source?.edges ?? []).map((edge) =>
      `${byHand[edge.source]}>${byHand[edge.target!]}`
    );
    assertEquals(
      (circuit?.edges ?? []).map(({ source, target }) => `${nameOf(source)}>${nameOf(target)}`),
      edges,
    );
    listed.push(new Set(edges));
    (circuit?.edges ?? []).forEach(({ since, share }, e) => {
      for (let k = since; k <= t; k++) assert(listed[k].has(edges[e]));
      assert(since === 0 || !listed[since - 1].has(edges[e]));
      const { shares } = source!.edges[e];
      assertAlmostEquals(share[0], shares.reduce((a, b) => a + b, 0) / 4, 1e-3);
      assert(share[1] <= share[0] && share[0] <= share[2]);
    });
  });
  assert(run.checkpoints[2].circuit!.edges.some(({ since }) => since === 1), "no edge is kept");
});

Deno.test("buildRun() adds drift, presence, inputs, turnover and the control of a size not above the circuit's", async () => {
  const run = await runOf(formingFeatures());
  const slot = (layer: number, last: number | null) =>
    run.slots.findIndex((s) => s.layer === layer && (s.numbers?.at(-1) ?? null) === last);
  const [chain, seven, nine, error] = [slot(0, 2), slot(1, 7), slot(1, 9), slot(1, null)];
  assertEquals(run.slots[chain].numbers, [1, 1, 2]);
  assertEquals(run.slots[chain].cosines.map((x) => x && Math.round(10 * x)), [null, 8, 7]);
  assertEquals(run.slots[chain].similarities, [null, 0.7, 0.6]);
  assertEquals(run.slots[error].numbers, null);
  assertEquals(run.slots[chain].lastCosines, [0.25, 0.75, 1]);
  assertEquals(run.slots[error].lastCosines, null);
  assertEquals(run.checkpoints[2].circuit!.edges[0].split, { direct: 0.1, heads: [0, 1, 0.35] });
  assertEquals(run.slots[seven].presence!.map((p) => p && p[0]), [null, 0.2, 0.3]);
  assertEquals(run.slots[seven].inputs![1].map(([source]) => source), [chain, [0, 1, null]]);
  assertEquals(run.slots[seven].inputs![2].map(([source]) => source), [chain, [0, 1, 6]]);
  assertEquals(run.slots[error].presence, null);
  assertEquals(run.checkpoints.map(({ turnover: { alive, born, dead } }) => [alive, born, dead]), [
    [3, null, null],
    [3, 2, 2],
    [3, 1, 1],
  ]);
  assertEquals(run.checkpoints[2].circuit!.random!.size, 2);
  assertEquals(run.formed.map(({ source, target, appear }) => [source, target, appear![2]]), [
    [chain, seven, 20],
    [chain, nine, 40],
  ]);
  assertEquals(run.transitions[2]!.overlap, [0.6, 0.5, 0.7]);
});

Deno.test("readFeatureRuns() reads files without decoder cosines, splits and formation, and says what is missing or double", () =>
  inFolder(async (folder) => {
    const files = formingFeatures();
    for (const { layers } of Object.values(files.identity.checkpoints)) {
      for (const layer of layers) delete layer.cosines;
    }
    for (const { circuit } of Object.values(files.circuits.checkpoints)) {
      for (const edge of circuit?.edges ?? []) Object.assign(edge, { direct: undefined });
    }
    await writeFeatures(folder, files);
    await writeFeatures(folder, formingFeatures("ioi", "main"));
    await Deno.remove(`${folder}/nano/sva/main/formation.json`);
    await writeFeatures(folder, { ...files });
    await Deno.remove(`${folder}/nano/sva/main/formation.json`);
    const runs = await readFeatureRuns([folder]);
    assertEquals(runs.map(({ task }) => task), ["ioi", "sva"]);
    assertEquals(runs[1].formed, []);
    assertEquals(runs[1].checkpoints[2].circuit!.edges.map(({ split }) => split), [
      null,
      null,
      null,
    ]);
    assertEquals(runs[1].slots.map(({ presence }) => presence), runs[1].slots.map(() => null));
    assertEquals(runs[1].slots[0].cosines, [null, null, null]);
    await Deno.mkdir(`${folder}/again`);
    await Deno.copyFile(`${folder}/nano/sva/main/circuits.json`, `${folder}/again/circuits.json`);
    await assertRejects(() => readFeatureRuns([folder]), UserError, "both of nano/sva/main");
    await assertRejects(
      () => readFeatureRuns([`${folder}/again`]),
      UserError,
      "identity/main.json",
    );
    await assertRejects(
      () => readFeatureRuns([`${folder}/nano/identity`]),
      UserError,
      "no circuits.json",
    );
  }));

Deno.test("pickCards() keeps the dashboards of the runs' features and coders, without bands, and their texts once", async () => {
  const run = await runOf(formingFeatures());
  const [first, second] = formingDashboards();
  const other = {
    ...second,
    entries: new Map([[40, { ...second.entries.get(40)!, coders_digest: "c" }]]),
  };
  const cards = pickCards([run], [first, second, other]);
  assertEquals(Object.keys(cards), ["words-0", "cards-a", "cards-b"]);
  const { words, dashboards } = cards["cards-b"] as CheckpointCards;
  assertEquals(cards[words], first.header.vocabulary);
  assertEquals(dashboards.layers.map(({ features }) => features.map(({ id }) => id)), [[2], [
    7,
    9,
  ]]);
  assertEquals(dashboards.layers[0].features[0].bands, undefined);
  assertEquals(Object.keys(dashboards.rows), ["0", "1"]);
  assertEquals(pickCards([run], [other]), {});
});
