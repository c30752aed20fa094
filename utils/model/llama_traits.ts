/** Describes what Llama-style families do beyond GPT-NeoX and GPT-2. */

/** Scaling of the rotary frequencies f. */
export type RotaryScaling =
  /** f / factor */
  | { type: "linear"; factor: number }
  /** wavelengths above `original / low` are divided, those below `original / high` are kept, others are blended */
  | { type: "llama3"; factor: number; low: number; high: number; original: number };

/** What Llama-style blocks do beyond those of GPT-NeoX. Their MLPs are gated, and rotary positions cover whole heads. */
export interface LlamaTraits {
  /** key/value heads; each serves `nHeads / nKvHeads` query heads */
  nKvHeads: number;
  /** normalisation: root mean square, or LayerNorm */
  norm: "rms" | "layer";
  /** whether attention and MLP read a normalised residual stream */
  preNorm: boolean;
  /** whether the outputs of attention and MLP are normalised before they are added */
  postNorm: boolean;
  /** what the norm of queries and keys spans: each head, or all heads together; default: no norm */
  qkNorm?: "head" | "all";
  /** whether norms have stored gains */
  gains: boolean;
  /** number added to the stored gains of norms (Gemma: 1) */
  gainOffset: number;
  /** which projections of attention have biases */
  biases: "none" | "qkv" | "all";
  /** queries and keys are cut off at ± this number, values too; default: not */
  clip?: number;
  /** scores are q·k times this */
  scoreScale: number;
  /** scores s become `cap·tanh(s/cap)`; default: not */
  scoreCap?: number;
  /** logits x become `cap·tanh(x/cap)`; default: not */
  logitCap?: number;
  /** the token embedding is multiplied by this */
  embedScale: number;
  /** number of keys that a query of a local layer sees, itself included */
  window?: number;
  /** whether each layer is local */
  local: boolean[];
  /** scaling of the rotary frequencies; default: none */
  rotaryScaling?: RotaryScaling;
  /** base θ of the rotary frequencies of local layers, which are not scaled; default: as in the others */
  localRotaryBase?: number;
}

/** The Llama-style families, named by their `model_type`. */
export const LLAMA_FAMILIES = [
  "llama",
  "mistral",
  "qwen2",
  "qwen3",
  "gemma2",
  "gemma3_text",
  "olmo",
  "olmo2",
] as const;
/** Names one of {@link LLAMA_FAMILIES}. */
export type LlamaFamily = (typeof LLAMA_FAMILIES)[number];
