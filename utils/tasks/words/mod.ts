/** Word lists that the prompts of the built-in tasks are made of. Seeded draws rely on their order. */
export * from "./greater_than_nouns.ts";
export * from "./ioi_templates.ts";
export * from "./names.ts";
export * from "./sva_words.ts";
