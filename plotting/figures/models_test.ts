import { assert, assertEquals } from "@std/assert";
import { STEP_COLOURS, stepColour } from "./colours.ts";
import { HEAD_COLOURS } from "./time_lines.ts";
import { baseModel, compareModels, modelColour, PARAMETERS, tokensPerStep } from "./models.ts";

Deno.test("variants keep their model's colour, and models sort by size", () => {
  assertEquals(baseModel("pythia-160m-data-seed2"), "pythia-160m");
  assertEquals(baseModel("pythia-14m"), "pythia-14m");
  assertEquals(modelColour("pythia-2.8b-seed-1234"), "#249463");
  const models = ["zebra", "pythia-2.8b", "pythia-70m", "gpt2", "pythia-160m"];
  assertEquals(models.sort(compareModels), [
    "pythia-70m",
    "pythia-160m",
    "gpt2",
    "pythia-2.8b",
    "zebra",
  ]);
  assertEquals([stepColour(0), stepColour(1)], ["rgb(176,141,47)", "rgb(75,95,179)"]);
});

Deno.test("lines of models, heads and steps have a contrast of 3 : 1 on light and dark paper", () => {
  // WCAG 2.1: relative luminance and contrast ratio
  const luminance = (hex: string) => {
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const theme = Deno.readTextFileSync(new URL("../page/styles/theme.css", import.meta.url));
  const papers = [...theme.matchAll(/--paper: (#[\da-f]{6})/g)].map(([, hex]) => hex);
  assertEquals(papers.length, 2);
  const models = [...Object.keys(PARAMETERS), "unknown"].map(modelColour);
  for (const colour of [...models, ...HEAD_COLOURS, ...STEP_COLOURS.map(([, hex]) => hex)]) {
    for (const paper of papers) {
      assert(contrast(colour, paper) >= 3, `${colour} on ${paper}: ${contrast(colour, paper)}`);
    }
  }
});

Deno.test("the size and batch of pythia-nano are those of its training", async () => {
  const file = new URL("../../models/pythia-nano/TRAINING.json", import.meta.url);
  const { config: { steps }, parameters, tokens } = JSON.parse(await Deno.readTextFile(file));
  assertEquals(PARAMETERS["pythia-nano"], parameters);
  assertEquals(steps * tokensPerStep("pythia-nano"), tokens);
  assertEquals(tokensPerStep("pythia-160m-seed1"), 2_097_152);
});
