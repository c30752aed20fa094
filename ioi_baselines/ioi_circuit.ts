/**
 * The circuit of indirect object identification, level by level from the logits down (Wang et al. 2022):
 *
 *  1. behaviour          logit difference IO − S of clean and corrupted prompts
 *  2. direct effects     what every head adds to the logits at END: direct logit attribution, path patching
 *  3. name movers        heads with a direct effect that copy names and look at IO more than at S1 and S2; beside them,
 *                        heads that write against S
 *  4. S-inhibition       heads that move the name movers' attention through their queries, and which signal they carry:
 *                        the place of the repeated name (position) or the name itself (token)
 *  5. their inputs       what the values of the heads that look at S2 are made of: heads, or embedding and MLPs
 *
 * Effects are e(head) of `utils/heads/roles/ioi_roles.ts`: 0 without harm, −1 where patching the one head does all that
 * corrupting the prompt does. Where a level finds no heads, the levels behind it are empty.
 */
import { type Head, headName } from "../utils/names/nodes.ts";
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

/** S-inhibition heads, and other heads that suppress S. */
export function readersOfS({ heads }: SInhibition, suppressing: readonly Head[]): Head[] {
  const known = new Set(heads.map(headName));
  return [...heads, ...suppressing.filter((head) => !known.has(headName(head)))];
}

/** All levels of one checkpoint. */
export interface IoiCircuit {
  behaviour: Behaviour;
  direct: DirectEffects;
  movers: NameMovers;
  inhibition: SInhibition;
  /** heads that look at S2 from END: S-inhibition heads and those that suppress S */
  readers: Head[];
  inputs: Inputs;
}

/** Takes the circuit of a checkpoint apart, all levels. */
export async function ioiCircuit(ioi: Ioi): Promise<IoiCircuit> {
  const level1 = await behaviour(ioi);
  const direct = await directEffects(ioi, level1);
  const movers = await nameMovers(ioi, direct);
  const inhibition = await sInhibition(ioi, level1, movers.heads);
  const readers = readersOfS(inhibition, suppressors(ioi, direct, movers));
  const inputs = await inputsOf(ioi, level1, readers);
  return { behaviour: level1, direct, movers, inhibition, readers, inputs };
}
