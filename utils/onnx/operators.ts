/** All operators, one function each, under one door. */
export * from "./elementwise.ts";
export * from "./layout.ts";
export * from "./matrix.ts";
