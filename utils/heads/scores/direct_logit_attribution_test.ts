import { assert, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { relativeError } from "../../verify/comparison.ts";
import { readout, ReferenceCase } from "../../verify/reference_case.ts";
import { directLogitAttribution } from "./direct_logit_attribution.ts";

const CASES = ["neox", "gpt2"] as const;
const open = (name: string) =>
  ReferenceCase.open(fromFileUrl(new URL(`../../../tests/reference/${name}`, import.meta.url)));

async function question(c: ReferenceCase) {
  const { IO, S1, END } = c.heads!.positions;
  const prompts = await c.tokens("tokens.clean");
  const answers = prompts.map((prompt) => [prompt[IO], prompt[S1]]);
  return {
    prompts,
    positions: prompts.map(() => END),
    metric: readout("logits", answers, answers.map(() => [1, -1])),
  };
}

for (const name of CASES) {
  Deno.test(`directLogitAttribution() on folded weights gives the reference values (${name})`, async () => {
    const c = await open(name);
    const { prompts, positions, metric } = await question(c);
    const ours = await directLogitAttribution(await c.folded(), prompts, positions, metric);
    const error = relativeError(ours, await c.read("direct_logit_attribution"));
    assert(error < 2e-5, `${error}`);
    await c.close();
  });

  Deno.test(`directLogitAttribution() on stored weights applies the frozen final LayerNorm (${name})`, async () => {
    const c = await open(name);
    const { prompts, positions, metric } = await question(c);
    const { config } = c.model;
    const { nLayers: L, nHeads: H, dModel: d } = config;
    const ours = await directLogitAttribution(c.model, prompts, positions, metric);
    const unembed = await c.model.weights.unembedding();
    const names = Array.from({ length: L }, (_, l) => `blocks.${l}.attn.hook_result`);
    const { hooks, residual } = await c.model.run(prompts, { read: names });
    const pos = residual.shape[1];
    const expected = new Float32Array(ours.length);
    prompts.forEach((_, n) => {
      const row = n * pos + positions[n];
      const x = Array.from(residual.data.subarray(row * d, (row + 1) * d));
      const mean = x.reduce((a, b) => a + b, 0) / d;
      const variance = x.reduce((s, y) => s + (y - mean) ** 2, 0) / d;
      const sigma = Math.sqrt(variance + config.layerNormEps);
      names.forEach((name, l) => {
        for (let h = 0; h < H; h++) {
          const from = (row * H + h) * d;
          const o = Array.from(hooks.get(name)!.data.subarray(from, from + d));
          const center = o.reduce((a, b) => a + b, 0) / d;
          const [right, wrong] = [metric.ids[2 * n], metric.ids[2 * n + 1]];
          expected[(l * H + h) * prompts.length + n] = o.reduce((s, y, i) => {
            const W = unembed.W_U.data[right * d + i] - unembed.W_U.data[wrong * d + i];
            return s + (y - center) / sigma * unembed.ln_f_w.data[i] * W;
          }, 0);
        }
      });
    });
    const error = relativeError(ours, expected);
    assert(error < 2e-5, `${error}`);
    await c.close();
  });
}

Deno.test("directLogitAttribution() refuses a metric over probabilities", async () => {
  const c = await open("neox");
  const { prompts, positions, metric } = await question(c);
  await assertRejects(
    () => directLogitAttribution(c.model, prompts, positions, { ...metric, kind: "probabilities" }),
    Error,
    "needs a metric over logits",
  );
  await c.close();
});
