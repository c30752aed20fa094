/** What is stored beside a summary of circuits: transfer between checkpoints, where heads attend. @module */
export {
  type AttentionEntry,
  type AttentionHeader,
  type AttentionPatternFile,
  attentionPatterns,
  packPatterns,
  readAttention,
} from "./attention_patterns.ts";
export { circuitTransfers } from "./transfer.ts";
