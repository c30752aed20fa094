/**
 * Circuits over time as a library: models with hook points, tasks, circuits, head scores.
 *
 * ```ts
 * import { HookedModel } from "./mod.ts";
 *
 * const model = await HookedModel.load("pythia-nano");
 * const prompt = "When Mary and John went to the store, John gave a drink to";
 * const { text } = await model.generate(prompt, { maxTokens: 1 });
 * console.log(text, await model.loss(prompt + text));
 * ```
 *
 * Hook points have TransformerLens' names. The compiler knows them: a mistyped name, here or in a template, is a type error.
 *
 * ```ts
 * import { HookedModel } from "./mod.ts";
 *
 * const model = await HookedModel.load("pythia-nano");
 * const layer = 3;
 * const read = ["blocks.*.attn.hook_pattern", `blocks.${layer}.hook_mlp_out`] as const;
 * const { hooks } = await model.run("When Mary and John", { read });
 * console.log(hooks.get(`blocks.${layer}.hook_mlp_out`).shape, hooks.size);
 * ```
 *
 * - **Models**: {@link HookedModel} takes texts or token ids. {@link NdTensor} is what it returns.
 * - **Tasks**: {@link loadTask} makes prompts, {@link readoutOf} their metric, {@link taskPerformance} measures a model.
 * - **Circuits**: {@link edgeScores} is EAP-IG; {@link greedySelection} chooses edges; {@link CircuitEvaluator} measures
 *   what they keep.
 * - **Heads**: {@link repeatedTokenScores}, {@link copyScores}, {@link directLogitAttribution}, {@link patchHeads},
 *   {@link pathPatch}.
 *
 * `examples/` has short scripts. Every folder of `utils` exports more from its `mod.ts`.
 * @module
 */
export {
  type AttributionOptions,
  circuitEdges,
  CircuitEvaluator,
  type CircuitShape,
  circuitShape,
  EDGE_METHODS,
  type EdgeMethod,
  type EdgeScoreOptions,
  type EdgeScores,
  edgeScores,
  greedySelection,
  pruneCircuit,
  type SelectionOptions,
} from "./utils/circuits/mod.ts";
export {
  allHeads,
  type CleanRun,
  cleanRun,
  type CopyScores,
  copyScores,
  corruptedHeads,
  directLogitAttribution,
  type Head,
  headName,
  headsWhere,
  parseHead,
  patchHeads,
  type PatchPrompt,
  pathPatch,
  type PathPatchOptions,
  type PathPatchResult,
  type Receivers,
  repeatedTokens,
  type RepeatedTokenScores,
  repeatedTokenScores,
  type Span,
  zeroAblateHeads,
} from "./utils/heads/mod.ts";
export {
  attentionPicture,
  BLOCK_HOOKS,
  type BlockHook,
  type CachedRun,
  defineSplice,
  type FunctionHook,
  type Generated,
  type GenerateOptions,
  type Gradients,
  headMask,
  HookedModel,
  type HookedRunOptions,
  type HookedRunResult,
  type HookGradients,
  hookName,
  hookNames,
  type HookPattern,
  type HookPointName,
  type HookValues,
  type KnownHook,
  linearPoints,
  listLocalSteps,
  loadTokenizer,
  matchHooks,
  type ModelConfig,
  type ModelOptions,
  OUTER_HOOKS,
  type OuterHook,
  type Patch,
  type Prompt,
  type Prompts,
  type Readout,
  type RunOptions,
  type RunResult,
  Runtime,
  type RuntimeOptions,
  type SpelledHook,
  type Splice,
  type SplicedLayer,
  type SpliceForm,
  spliceHookName,
  type SpliceScope,
  type TextPrompts,
  type Tokenizer,
  TokenModel,
  type WeightProcessing,
} from "./utils/model/mod.ts";
export {
  NdTensor,
  type Nested,
  type NumberData,
  type Selector,
  type Tensor,
  tensor,
  type TensorData,
} from "./utils/onnx/mod.ts";
export {
  type BatchOptions,
  loadTask,
  metricNamesOf,
  type PromptBatch,
  promptBatches,
  type PromptPair,
  readoutOf,
  TASK_NAMES,
  type TaskData,
  type TaskOptions,
  taskPerformance,
} from "./utils/tasks/mod.ts";
