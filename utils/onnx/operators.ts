/** All operators, one function each, under one door. */
export * from "./custom_gradient.ts";
export * from "./elementwise.ts";
export * from "./layout.ts";
export * from "./matrix.ts";
export * from "./reduce.ts";
