/**
 * A sweep as points of L0, FVU and loss beside floors, in a file of a few kilobytes:
 *
 *   deno run -A transcoder_circuits/sweep_points.ts results/transcoders/pythia-nano/sweep/sweep.json points.json
 */
import { z } from "zod";
import { readJson, UserError, writeJsonAtomic } from "../utils/base/mod.ts";
import {
  type EvaluatedArm,
  findResults,
  type TranscoderSweep,
  transcoderSweeps,
} from "../utils/results/mod.ts";

/** Rise of the loss with all places taken and errors propagating, in nats; FVU, mean over layers. */
const cost = { deltaCe: z.number(), fvu: z.number() };

const summary = z.object({
  format: z.literal("circuits-over-time/sweep-points/1"),
  model: z.string(),
  step: z.int(),
  /** tokens that each arm was trained on, as the sweep was configured */
  trainTokens: z.number(),
  /** loss of the model as it is, nats */
  ce: z.number(),
  /** floors that do not depend on L0: rise of the loss, for the hook points of the first stream */
  levels: z.record(z.string(), z.number()),
  /** arms by kind, then by L0 */
  points: z.array(z.object({
    ...cost,
    name: z.string(),
    /** activation, whether it is an autoencoder, and whether there is a linear path */
    kind: z.string(),
    /** number of features per layer */
    width: z.int(),
    l0: z.number(),
    /** features that never fire, of all layers */
    dead: z.int(),
    /** whether no arm of the same width has as few active features and a loss as low */
    front: z.boolean(),
    /** the MLP's own neurons, and a random coder, of the same L0 */
    neurons: z.object(cost),
    random: z.object(cost),
  })),
});

/** A sweep as points. */
export type SweepPoints = z.infer<typeof summary>;

/** Returns a sweep at one checkpoint as points; the levels are those of the first stream. */
export function sweepPoints(
  { streams: [stream], arms }: TranscoderSweep,
  about: { model: string; step: number; trainTokens: number },
): SweepPoints {
  const costOf = ({ places, propagating }: EvaluatedArm) => ({
    deltaCe: propagating.delta_ce,
    fvu: places.reduce((sum, { fvu }) => sum + fvu, 0) / places.length,
  });
  const points = arms.map((arm) => ({
    ...costOf(arm.coders),
    name: arm.name,
    kind: [
      ...(arm.kind === "sae" ? ["sae"] : []),
      arm.activation,
      ...(arm.skip ? ["with a linear path"] : []),
    ].join(" "),
    width: arm.width,
    l0: arm.l0,
    dead: arm.features.reduce((sum, { dead }) => sum + dead, 0),
    front: arm.front,
    neurons: costOf(arm.floors.neurons),
    random: costOf(arm.floors.random),
  })).sort((a, b) => a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : a.l0 - b.l0);
  const levels = Object.entries(stream.floors)
    .map(([name, { propagating }]) => [name, propagating.delta_ce]);
  return {
    format: "circuits-over-time/sweep-points/1",
    ...about,
    ce: stream.ce,
    levels: Object.fromEntries(levels),
    points,
  };
}

/** Reads a sweep's last checkpoint: its `sweep.json`, or points that were saved. @throws UserError if it is neither. */
export async function readSweepPoints(path: string): Promise<SweepPoints> {
  const found = summary.safeParse(await readJson(path));
  if (found.success) return found.data;
  const [stored] = await findResults([path], [transcoderSweeps]);
  const last = stored && [...stored.entries].at(-1);
  if (!last) throw new UserError(`${path} has no sweep; expected a sweep.json, or saved points`);
  const config = (await readJson(path) as { config?: { total_training_tokens?: number } }).config;
  return sweepPoints(last[1], {
    model: stored.header.model,
    step: last[0],
    trainTokens: config?.total_training_tokens ?? NaN,
  });
}

if (import.meta.main) {
  const [from, to] = Deno.args;
  if (!from || !to) {
    console.error("usage: deno run -A transcoder_circuits/sweep_points.ts sweep.json points.json");
    Deno.exit(2);
  }
  await writeJsonAtomic(to, await readSweepPoints(from));
}
