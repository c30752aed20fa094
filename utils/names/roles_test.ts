import { assertEquals } from "@std/assert";
import { compareRoles } from "./roles.ts";

Deno.test("compareRoles() puts the task's own evidence first", () => {
  const roles = ["previous token", "odd", "induction", "name mover", "S suppression"];
  assertEquals(roles.toSorted(compareRoles("ioi")), [
    ...["S suppression", "name mover", "induction", "previous token", "odd"],
  ]);
  assertEquals(roles.toSorted(compareRoles("sva")), [
    ...["induction", "previous token", "S suppression", "name mover", "odd"],
  ]);
});
