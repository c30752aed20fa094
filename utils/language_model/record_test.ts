import { assertEquals } from "@std/assert";
import { checkpointLosses } from "./record.ts";

Deno.test("checkpointLosses() averages the last 16 steps up to each checkpoint", () => {
  const lines = [
    { step: 0, validation_loss: 9 },
    ...Array.from({ length: 20 }, (_, i) => ({ step: i + 1, loss: i + 1 })),
    { step: 20, validation_loss: 5 },
    { step: 21, loss: 100 },
  ];
  assertEquals(checkpointLosses(lines), {
    0: { training: undefined, validation: 9 },
    20: { training: (5 + 20) / 2, validation: 5 },
  });
});
