/**
 * Kinds of documents, one function each.
 * @module
 */
export { agreement } from "./agreement.ts";
export { facts } from "./facts.ts";
export { filler } from "./filler.ts";
export { morePeople } from "./more_people.ts";
export { ordered } from "./ordered.ts";
export { repeatedIds, repeatedWords } from "./repeated.ts";
export { tagQuestion } from "./tag_questions.ts";
export { twoPeople } from "./two_people.ts";
export { yearSpan } from "./year_spans.ts";
