import { assert, assertEquals, assertRejects } from "@std/assert";
import { type CleanPrompt, cleanPrompt } from "./clean_prompt.ts";
import { generateIntervened } from "./generate.ts";
import { intervene } from "./intervene.ts";
import type { Intervention } from "./change.ts";
import { graphCase } from "../../../tests/support/graph_cases.ts";

const CASES = ["GPT-NeoX, bare", "GPT-2, bare, linear path", "GPT-NeoX, cross-layer"];

async function promptOf(name: string, length = 4): Promise<CleanPrompt> {
  const { model, coders, tokens } = graphCase(name);
  return await cleanPrompt(model, coders, tokens.slice(0, length));
}

const INTERVENTIONS: Intervention[] = [
  { layer: 0, position: "all", feature: 2, add: 4 },
  { layer: 1, position: 1, feature: 3, set: 2 },
];

for (const name of CASES) {
  Deno.test(`generation is the same as running all tokens again: ${name}`, async () => {
    const clean = await promptOf(name), { model, coders, tokens } = clean;
    const made = await generateIntervened(clean, INTERVENTIONS, { tokens: 4, frozen: "free" });
    assertEquals(made.tokens.length, 4);
    for (let i = 0; i < 4; i++) {
      const whole = await cleanPrompt(model, coders, [...tokens, ...made.tokens.slice(0, i)]);
      const { logits } = await intervene(whole, [INTERVENTIONS], { frozen: "free" });
      const scale = logits.data.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
      const wrong = logits.data.map((x, v) => Math.abs(x - made.logits[i].data[v]));
      assert(Math.max(...wrong) < 1e-5 * scale, `${Math.max(...wrong)}`);
      assertEquals(logits.data.indexOf(Math.max(...logits.data)), made.tokens[i]);
    }
    const none = await generateIntervened(clean, [], { tokens: 4, frozen: "free" });
    assert(none.logits[1].data.some((x, v) => Math.abs(x - made.logits[1].data[v]) > 1e-3));
  });
}

Deno.test("freezing holds for the prompt, and a stop token ends the text", async () => {
  const clean = await promptOf("GPT-2, stream");
  const made = await generateIntervened(clean, INTERVENTIONS, { tokens: 3, frozen: "direct" });
  const { logits } = await intervene(clean, [INTERVENTIONS], { frozen: "direct" });
  assertEquals(made.logits[0].data, logits.data);
  const stopped = await generateIntervened(clean, INTERVENTIONS, {
    tokens: 3,
    frozen: "direct",
    stop: made.tokens[1],
  });
  const end = made.tokens.indexOf(made.tokens[1]) + 1;
  assertEquals(stopped.tokens, made.tokens.slice(0, end));
});

Deno.test("more tokens than the model has positions for are refused", async () => {
  const clean = await promptOf("GPT-2, stream");
  const most = clean.model.config.maxPositions;
  await assertRejects(
    () => generateIntervened(clean, [], { tokens: most }),
    RangeError,
    `${most} positions`,
  );
});
