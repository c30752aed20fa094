import { assertEquals } from "@std/assert";
import { stepColour } from "./colours.ts";
import { baseModel, compareModels, modelColour } from "./models.ts";

Deno.test("variants have the colour of their model, and models are ordered by size", () => {
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
