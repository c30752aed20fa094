import { assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../base/user_error.ts";
import { Runtime } from "./runtime.ts";

const broken = () => Promise.reject(new Error("no\n adapter\n"));

Deno.test("Runtime.compiled() ends the run when the device is not there", async () => {
  const error = await assertRejects(
    () => new Runtime({ device: "webgpu" }).compiled("a", broken),
    UserError,
    "device: no adapter; choose",
  );
  assertEquals(error.exitCode, 2);
});

Deno.test("Runtime.compiled() leaves other failures as they are, and tries again", async () => {
  const plain = async (runtime: Runtime, key: string) => {
    const error = await assertRejects(() => runtime.compiled(key, broken), Error, "adapter");
    assertEquals(error.constructor, Error);
  };
  await plain(new Runtime(), "a");
  const runtime = new Runtime({ device: "webgpu" });
  assertEquals(await runtime.compiled("first", () => Promise.resolve(1)), 1);
  await plain(runtime, "a");
  assertEquals(await runtime.compiled("a", () => Promise.resolve(2)), 2);
});
