import { assertEquals } from "@std/assert";
import { stepColour } from "./colours.ts";
import { baseModel, compareModels, modelColour, PARAMETERS, tokensPerStep } from "./models.ts";

Deno.test("variants keep their model's colour, and models sort by size", () => {
  assertEquals(baseModel("pythia-160m-data-seed2"), "pythia-160m");
  assertEquals(baseModel("pythia-14m"), "pythia-14m");
  assertEquals(modelColour("pythia-2.8b-seed-1234"), "#8CD9AF");
  const models = ["zebra", "pythia-2.8b", "pythia-70m", "gpt2", "pythia-160m"];
  assertEquals(models.sort(compareModels), [
    "pythia-70m",
    "pythia-160m",
    "gpt2",
    "pythia-2.8b",
    "zebra",
  ]);
  assertEquals([stepColour(0), stepColour(1)], ["rgb(217,194,122)", "rgb(75,95,179)"]);
});

Deno.test("the size and batch of pythia-nano are those of its training", async () => {
  const file = new URL("../../models/pythia-nano/TRAINING.json", import.meta.url);
  const { config: { steps }, parameters, tokens } = JSON.parse(await Deno.readTextFile(file));
  assertEquals(PARAMETERS["pythia-nano"], parameters);
  assertEquals(steps * tokensPerStep("pythia-nano"), tokens);
  assertEquals(tokensPerStep("pythia-160m-seed1"), 2_097_152);
});
