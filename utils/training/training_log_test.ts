/** Tests the log of a run: what is read back, and damaged lines. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { TrainingLog } from "./training_log.ts";

Deno.test("TrainingLog.upTo() gives the lines up to a step, and names a line that is none", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "log.jsonl");
    assertEquals((await TrainingLog.upTo(path, 9)).lines, []);
    await Deno.writeTextFile(path, '{"step":1,"loss":2}\n\n{"step":3}\n{"step":2,"l0":1}\n');
    assertEquals((await TrainingLog.upTo(path, 2)).lines, [{ step: 1, loss: 2 }, {
      step: 2,
      l0: 1,
    }]);
    for (const line of ["null", "3", "[]", '{"loss":1}', '{"step":"1"}']) {
      await Deno.writeTextFile(path, `{"step":1}\n${line}\n`);
      const expected = `${path}: line 2: expected an object with a step, found ${line}`;
      await assertRejects(() => TrainingLog.upTo(path, 9), Error, expected);
    }
    await Deno.writeTextFile(path, '{"step":1}\n{"st');
    await assertRejects(() => TrainingLog.upTo(path, 9), Error, `${path}: line 2 is not JSON`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
