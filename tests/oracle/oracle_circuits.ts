/**
 * Circuits in the oracle transformer: one prompt at a time, in double precision, editing the input of every destination at
 * its hook point as the definition says. It shares no code with the batched programs.
 */
import { oracleMetric } from "../support/hook_checks.ts";
import { type Edit, type HookValue, oracle, type OracleRun } from "./oracle_transformer.ts";
import type { Readout } from "../../utils/model/blocks/embedding.ts";
import type { ModelConfig } from "../../utils/model/config.ts";
import {
  destinationName,
  nBackward,
  nForward,
  prevIndex,
} from "../../utils/circuits/graph/graph.ts";
import type { SmallModel } from "../support/circuit_cases.ts";

/** Outputs `[P, d]` of sources, indexed by row. */
export type Sources = Float64Array[];

/** Returns the sources in a hook value, as row and output; none if it does not hold any. */
function sourcesAt(config: ModelConfig, name: string, { shape, data }: HookValue) {
  const [, layer, point] = /^(?:blocks\.(\d+)\.)?(.+)$/.exec(name)!;
  const first = 1 + Number(layer ?? 0) * (config.nHeads + 1);
  if (point === "hook_embed") return [[0, data]] as const;
  if (point === "hook_mlp_out") return [[first + config.nHeads, data]] as const;
  if (point !== "attn.hook_result") return [];
  const [P, H, d] = shape;
  return Array.from({ length: H }, (_, h) => {
    const own = new Float64Array(P * d);
    for (let p = 0; p < P; p++) {
      own.set(data.subarray((p * H + h) * d, (p * H + h + 1) * d), p * d);
    }
    return [first + h, own] as const;
  });
}

/** Returns the outputs of all sources of a run. */
export function sourcesOf(config: ModelConfig, run: OracleRun): Sources {
  const sources: Sources = [];
  for (const [name, value] of run.hooks) {
    for (const [u, own] of sourcesAt(config, name, value)) sources[u] = own.slice();
  }
  return sources;
}

/** Returns the hook point at which a column reads, and the head there: `blocks.1.hook_q_input`, 2. */
function inputHook(config: ModelConfig, v: number): { name: string; head?: number } {
  const column = destinationName(config, v);
  const head = /^a(\d+)\.h(\d+)<(.)>$/.exec(column);
  if (head) return { name: `blocks.${head[1]}.hook_${head[3]}_input`, head: Number(head[2]) };
  if (column === "logits") return { name: `blocks.${config.nLayers - 1}.hook_resid_post` };
  return { name: `blocks.${column.slice(1)}.hook_mlp_in` };
}

/** Returns an edit that adds `change(v)` `[P, d]` to the input of every destination v. */
export function editInputs(
  config: ModelConfig,
  change: (v: number) => Float64Array | undefined,
): Edit {
  const columns = Array.from({ length: nBackward(config) }, (_, v) => ({
    v,
    ...inputHook(config, v),
  }));
  return (name, { shape, data }) => {
    for (const { v, head } of columns.filter((c) => c.name === name)) {
      const d = config.dModel, P = shape[0], copies = head === undefined ? 1 : shape[1];
      change(v)?.forEach((x, i) => {
        const p = Math.floor(i / d);
        if (p < P) data[(p * copies + (head ?? 0)) * d + i % d] += x;
      });
    }
  };
}

/** Returns the metric of prompt n of a run. */
export function metricOf({ config }: SmallModel, run: OracleRun, n: number, r: Readout): number {
  const position = run.logits.length / config.vocabSize - 1;
  return oracleMetric(run, n, position, r, config.vocabSize);
}

/**
 * Returns the metric of a circuit, not pruned, on one clean prompt, read at its last token:
 * `in_v += Σ_u (1 − E[u, v]) (z'_u − z̃_u)`, with z̃ the current output of u and z' the corrupted one.
 */
export function slowCircuit(
  small: SmallModel,
  clean: readonly number[],
  corrupted: Sources,
  mask: Uint8Array,
  n: number,
  readout: Readout,
): number {
  const { config, weights } = small;
  const current: Sources = new Array(nForward(config));
  const replace = editInputs(config, (v) => {
    const total = new Float64Array(clean.length * config.dModel);
    for (let u = 0; u < prevIndex(config, v); u++) {
      if (mask[u * nBackward(config) + v]) continue;
      for (let i = 0; i < total.length; i++) total[i] += corrupted[u][i] - current[u][i];
    }
    return total;
  });
  const run = oracle(config, weights, clean, (name, value) => {
    for (const [u, own] of sourcesAt(config, name, value)) current[u] = own.slice();
    replace(name, value);
  });
  return metricOf(small, run, n, readout);
}
