import { assertEquals } from "@std/assert";
import { recordedBos } from "./bos.ts";

Deno.test("a result remembers prepend_bos where its prompts begin with BOS, and else does not have the key", () => {
  assertEquals(recordedBos({ task: "ioi", prepend_bos: null }, { prependBos: false }), {
    task: "ioi",
  } as never);
  assertEquals(recordedBos({ prepend_bos: false }, { prependBos: false }), {} as never);
  assertEquals(recordedBos({ prepend_bos: null as null | boolean }, { prependBos: true }), {
    prepend_bos: true,
  });
  assertEquals(recordedBos({ task: "ioi" }, { prependBos: true }), { task: "ioi" });
});
