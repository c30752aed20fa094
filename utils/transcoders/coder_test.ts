import { assertThrows } from "@std/assert";
import { randomCoder } from "../../tests/support/coder_cases.ts";
import { tensor } from "../onnx/mod.ts";
import { checkCoder, type Coder, type CoderConfig } from "./coder.ts";

Deno.test("checkCoder() accepts coders of every kind", () => {
  checkCoder(randomCoder());
  checkCoder(randomCoder({ skip: true, activation: { name: "jumprelu" } }));
  const hook = "blocks.1.hook_resid_post";
  checkCoder(randomCoder({ kind: "sae", dOut: 5, inputHook: hook, outputHook: hook }));
  checkCoder(randomCoder({ kind: "cross_layer", decoderLayers: [1, 2, 3] }));
});

Deno.test("checkCoder() names the setting that does not fit, what was found and what was expected", () => {
  const refused = (changes: Partial<CoderConfig>, message: string) => {
    const coder = randomCoder();
    coder.config = { ...coder.config, ...changes };
    assertThrows(() => checkCoder(coder, "here"), Error, message);
  };
  refused({ features: 0 }, "here: features is 0; expected a positive integer");
  refused({ dIn: 2.5 }, "here: dIn is 2.5");
  refused(
    { activation: { name: "topk", k: 8 } },
    "k is 8; expected a positive number of features, at most 7",
  );
  refused({ activation: { name: "batchtopk", k: 3, threshold: NaN } }, "threshold is null");
  refused({ kind: "sae" }, "an SAE gives back what it reads");
  refused({ kind: "cross_layer" }, "decoderLayers is undefined");
  refused({ kind: "cross_layer", decoderLayers: [1, 3] }, "consecutive layers from 1 on");
  refused({ decoderLayers: [1] }, "for cross-layer coders only");
});

Deno.test("checkCoder() names the weight whose shape does not fit, and one that is missing or too many", () => {
  const refused = (change: (coder: Coder) => void, message: string) => {
    const coder = randomCoder({ skip: true });
    change(coder);
    assertThrows(() => checkCoder(coder), Error, message);
  };
  refused(
    ({ weights }) => weights.W_enc = tensor(new Float32Array(35), [5, 7]),
    "weight W_enc: found shape [5, 7], expected shape [7, 5]",
  );
  refused(({ weights }) => delete weights.W_skip, "weight W_skip: found no such weight");
  refused(
    ({ weights }) => weights.threshold = tensor(new Float32Array(7), [7]),
    "weight threshold: found shape [7], expected no such weight",
  );
});
