/**
 * The circuit of indirect object identification, level by level from the logits down (Wang et al. 2022):
 *
 *  1. behaviour          logit difference IO − S of clean and corrupted prompts
 *  2. direct effects     what every head adds to the logits at END: direct logit attribution, path patching
 *  3. name movers        heads with a direct effect that copy names and attend to IO more than to S1 and S2; also heads
 *                        that write against S
 *  4. S-inhibition       heads that move the name movers' attention through their queries, and the signal they carry:
 *                        the position of the repeated name or the name itself (token)
 *  5. their inputs       where the values of the heads that attend to S2 come from: heads, or embedding and MLPs
 *
 * Effects are e(head) of `utils/heads/roles/ioi_roles.ts`: 0 means no harm; −1 means that patching this one head does as
 * much as corrupting the prompt. If a level finds no heads, the levels after it are empty.
 */
import { type Head, headName } from "../utils/names/mod.ts";
import { type Inputs, inputsOf } from "./ioi_inputs.ts";
import {
  type Behaviour,
  behaviour,
  type DirectEffects,
  directEffects,
  type NameMovers,
  nameMovers,
  type SInhibition,
  sInhibition,
  suppressors,
} from "./ioi_levels.ts";
import type { Ioi } from "./ioi_prompts.ts";

export * from "./ioi_inputs.ts";
export * from "./ioi_levels.ts";

/** Returns the S-inhibition heads and then the other heads that suppress S. */
export function readersOfS({ heads }: SInhibition, suppressing: readonly Head[]): Head[] {
  const known = new Set(heads.map(headName));
  return [...heads, ...suppressing.filter((head) => !known.has(headName(head)))];
}

/** All levels of one checkpoint. */
export interface IoiCircuit {
  /** level 1 */
  behaviour: Behaviour;
  /** level 2 */
  direct: DirectEffects;
  /** level 3 */
  movers: NameMovers;
  /** level 4 */
  inhibition: SInhibition;
  /** heads that attend from END to S2: S-inhibition heads and those that suppress S */
  readers: Head[];
  /** level 5 */
  inputs: Inputs;
}

/** Analyses all levels of the circuit of a checkpoint. */
export async function ioiCircuit(ioi: Ioi): Promise<IoiCircuit> {
  const level1 = await behaviour(ioi);
  const direct = await directEffects(ioi, level1);
  const movers = await nameMovers(ioi, direct);
  const inhibition = await sInhibition(ioi, level1, movers.heads);
  const readers = readersOfS(inhibition, suppressors(ioi, direct, movers));
  const inputs = await inputsOf(ioi, level1, readers);
  return { behaviour: level1, direct, movers, inhibition, readers, inputs };
}
