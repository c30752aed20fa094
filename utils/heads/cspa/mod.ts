/**
 * Copy-suppression-preserving ablation (CSPA): how much of a head is copy suppression.
 * @module
 */
export { cspaScores } from "./cspa.ts";
export { corpusDocuments, fileDocuments } from "./cspa_documents.ts";
export { functionWordIds } from "./function_words.ts";
