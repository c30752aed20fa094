/**
 * Copy-suppression-preserving ablation (CSPA): how much of a head is copy suppression.
 * @module
 */
export { checkCspaModel, type CspaOptions, type CspaScores, cspaScores } from "./cspa.ts";
export { corpusDocuments, type DocumentOptions, fileDocuments } from "./cspa_documents.ts";
export { functionWordIds } from "./function_words.ts";
