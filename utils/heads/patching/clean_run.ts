/**
 * Runs the clean prompts and keeps what patched runs reuse.
 *
 * A patched prompt is a clean prompt with something replaced, so most of a patched run equals the clean run:
 *
 *  - Layers before the patch: the clean run keeps its residual stream at every layer.
 *  - Positions before the first change: the clean run keeps their keys and values. Patched runs compute only the
 *    positions after them, the *span*. The caller chooses it:
 *        "all"       every position
 *        "changed"   from the first position at which the clean and the corrupted prompt differ. The result equals that
 *                    of "all", since nothing is patched before this position and attention is causal
 *        "readout"   the read-out position alone. Patches act only there (TransformerLens' `seq_pos`); other positions
 *                    keep their clean values
 *  - Positions after the read-out: no run computes them.
 *
 *  1. Group prompts by length and span, so that no group has padding.
 *  2. Run each group.
 *  3. Concatenate the rows (prompt, position) of all groups into one tensor per layer. Where heads are frozen, positions
 *     do not interact, and all rows form one matrix product.
 */
import {
  firstDifference,
  type PairTokens,
  prefixPast,
  sharedLength,
  splitPrompt,
} from "../../tasks/mod.ts";
import { bucketBy, type HookedModel, hookName, hookNames, type Past } from "../../model/mod.ts";
import { type F32, joinRows, tensor } from "../../onnx/mod.ts";

/** Names the positions that patched runs compute; see the header. */
export type Span = "all" | "changed" | "readout";

/** Holds a prompt to patch and the prompt that gives the patched values. Both reach the read-out `position`. */
export type PatchPrompt = PairTokens;

/** Holds the prompts of one length and span. */
export interface CleanBatch {
  /** indices in the list of prompts */
  prompts: number[];
  /** first position of the span; positions before it are the past */
  start: number;
  /** number of positions in the span; the last is the read-out */
  pos: number;
  /** first row in the tensors of a {@link CleanRun} */
  row: number;
  /** keys and values of the positions before the span */
  past?: Past;
  /** attention pattern at the read-out, per layer `[prompts, H, start + pos]` */
  attention: F32[];
}

/** Holds the clean values of a layer at all rows. */
export interface CleanLayer {
  /** residual stream before the block, `[rows, d]` */
  x: F32;
  /** what attention adds to the residual stream, `[rows, d]` */
  attention: F32;
  /** outputs z of the heads, `[rows, H, d_head]` */
  z: F32;
}

/** Holds the values of a clean run that patched runs reuse. */
export interface CleanRun {
  /** positions that patched runs compute */
  span: Span;
  /** prompts in the order of the caller */
  prompts: readonly PatchPrompt[];
  /** prompts grouped by length and span */
  batches: CleanBatch[];
  /** values of each layer */
  layers: CleanLayer[];
  /** residual stream after the last block, `[rows, d]` */
  final: F32;
}

/**
 * Runs the clean prompts.
 * @throws Error when a prompt of a pair ends before the read-out position.
 */
export async function cleanRun(
  model: HookedModel,
  prompts: readonly PatchPrompt[],
  span: Span = "changed",
): Promise<CleanRun> {
  const { nLayers } = model.config;
  const starts = prompts.map((prompt, n) => spanStart(prompt, n, span));
  const groups = bucketBy(prompts, ({ position }, n) => `${starts[n]} ${position}`);
  const points = ["hook_resid_pre", "hook_attn_out", "attn.hook_z", "attn.hook_pattern"];
  const read = points.flatMap((p) => hookNames(model.config, p));
  const parts: { layers: CleanLayer[]; final: F32 }[] = [];
  const batches: CleanBatch[] = [];
  let row = 0;
  for (const members of groups) {
    const start = starts[members[0]];
    const tokens = members.map((n) => splitPrompt(prompts[n].clean, start, prompts[n].position));
    const past = await prefixPast(model, tokens.map(({ prefix }) => prefix));
    const suffix = tokens.map(({ suffix }) => suffix);
    const { hooks, residual } = await model.run(suffix, { read, past });
    const value = (l: number, point: string) => hooks.get(hookName(l, point))!;
    const pos = suffix[0].length;
    parts.push({
      layers: Array.from({ length: nLayers }, (_, l) => ({
        x: value(l, "hook_resid_pre"),
        attention: value(l, "hook_attn_out"),
        z: value(l, "attn.hook_z"),
      })),
      final: residual,
    });
    const attention = hookNames(model.config, "attn.hook_pattern").map((n) =>
      lastRow(hooks.get(n)!)
    );
    batches.push({ prompts: members, start, pos, row, past, attention });
    row += members.length * pos;
  }
  const joined = (pick: (part: typeof parts[number]) => F32) => joinPositions(parts.map(pick));
  const layers = Array.from({ length: nLayers }, (_, l) => ({
    x: joined((p) => p.layers[l].x),
    attention: joined((p) => p.layers[l].attention),
    z: joined((p) => p.layers[l].z),
  }));
  return { span, prompts, batches, layers, final: joined((p) => p.final) };
}

/**
 * Returns the heads' outputs on the corrupted prompts at the rows of a clean run, per layer `[rows, H, d_head]`.
 * @param prompts pairs that may have other corrupted prompts than the clean run's
 * @throws Error when a corrupted prompt differs before the span, unless the span is "readout".
 */
export async function corruptedHeads(
  model: HookedModel,
  clean: CleanRun,
  prompts: readonly PatchPrompt[] = clean.prompts,
): Promise<F32[]> {
  const read = hookNames(model.config, "attn.hook_z");
  const parts: F32[][] = [];
  for (const { prompts: members, start, past } of clean.batches) {
    const tokens = members.map((n) =>
      splitPrompt(prompts[n].corrupted, start, clean.prompts[n].position)
    );
    const shared = members.every((n) =>
      firstDifference(clean.prompts[n].clean, prompts[n].corrupted, start) === start
    );
    if (!shared && clean.span !== "readout") {
      throw new Error(
        `the clean run starts at position ${start}, but its corrupted prompts differ before it`,
      );
    }
    const own = shared ? past : await prefixPast(model, tokens.map(({ prefix }) => prefix));
    const suffix = tokens.map(({ suffix }) => suffix);
    const { hooks } = await model.run(suffix, { read, past: own });
    parts.push(read.map((name) => hooks.get(name)!));
  }
  return read.map((_, l) => joinPositions(parts.map((part) => part[l])));
}

/** Returns outputs of heads that write nothing: zeros at every row, per layer `[rows, H, d_head]`. */
export function silentHeads(clean: CleanRun): F32[] {
  return clean.layers.map(({ z }) => tensor(new Float32Array(z.data.length), z.shape));
}

/** Returns the first position of the span of prompt n. */
function spanStart(prompt: PatchPrompt, n: number, span: Span): number {
  const { clean, corrupted, position } = prompt;
  if (position >= clean.length || position >= corrupted.length) {
    throw new Error(
      `prompt pair ${n}: read-out position ${position} lies outside its ` +
        `${clean.length} clean and ${corrupted.length} corrupted tokens`,
    );
  }
  if (span === "all") return 0;
  return span === "readout" ? position : sharedLength(prompt);
}

/** Joins `[batch, pos, …]` tensors to one of `[rows, …]`. */
function joinPositions(parts: readonly F32[]): F32 {
  return joinRows(
    parts.map(({ data, shape: [batch, pos, ...rest] }) => tensor(data, [batch * pos, ...rest])),
  );
}

/** Returns the last query's row of a pattern `[batch, H, pos, keys]`, as `[batch, H, keys]`. */
export function lastRow(pattern: F32): F32 {
  const [batch, heads, pos, keys] = pattern.shape;
  const data = new Float32Array(batch * heads * keys);
  for (let i = 0; i < batch * heads; i++) {
    const end = (i + 1) * pos * keys;
    data.set(pattern.data.subarray(end - keys, end), i * keys);
  }
  return tensor(data, [batch, heads, keys]);
}
