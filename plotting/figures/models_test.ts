import { assert, assertEquals } from "@std/assert";
import { SAFE_COLOURS, STEP_COLOURS, stepColour } from "./colours.ts";
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
  const steps = STEP_COLOURS.map(([, hex]) => hex);
  for (const colour of [...models, ...HEAD_COLOURS, ...steps, ...SAFE_COLOURS]) {
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

/** How a dichromat sees linear RGB: the matrices for severity 1 of Machado, Oliveira and Fernandes (2009). */
const DICHROMACIES = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Returns a colour in OKLab, as a reader with a dichromacy sees it. */
function seen(hex: string, matrix: number[][]): number[] {
  const linear = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const times = (m: number[][], v: number[]) =>
    m.map((row) => row.reduce((sum, a, i) => sum + a * v[i], 0));
  const [l, m, s] = times([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
  ], times(matrix, linear).map((value) => Math.max(0, value))).map(Math.cbrt);
  return times([
    [0.2104542553, 0.793617785, -0.0040720468],
    [1.9779984951, -2.428592205, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.808675766],
  ], [l, m, s]);
}

Deno.test("the colour-blind palette differs by 0.1 in OKLab for every dichromacy; the heads' does not", () => {
  const least = (colours: readonly string[]) =>
    Math.min(
      ...Object.values(DICHROMACIES).flatMap((matrix) => {
        const places = colours.map((hex) => seen(hex, matrix));
        return places.flatMap((a, i) =>
          places.slice(i + 1).map((b) => Math.hypot(...a.map((value, k) => value - b[k])))
        );
      }),
    );
  assert(least(SAFE_COLOURS) >= 0.1, `${least(SAFE_COLOURS)}`);
  assert(least(HEAD_COLOURS) < 0.05);
});
