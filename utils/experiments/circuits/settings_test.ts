import { assertThrows } from "@std/assert";
import { UserError } from "../../base/mod.ts";
import { checkCircuitConfig, circuitSchema } from "./settings.ts";

Deno.test("an intervention that the method cannot score is refused before any checkpoint, with methods that can", () => {
  const check = (given: Record<string, unknown>) => () =>
    checkCircuitConfig(circuitSchema.parse(given));
  const error = assertThrows(check({ intervention: "zero" }), UserError, "found zero; for zero");
  for (const method of error.message.split("the methods ")[1].split(", ")) {
    check({ intervention: "zero", method })();
  }
  check({})();
});
