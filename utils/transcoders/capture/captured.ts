/**
 * Captures blocks of rows: one pass of the model per step of the token stream gives the rows of all taps, and stops after
 * the last layer that is tapped. Rows go straight to their places in the shuffled block.
 */
import type { HookedModel } from "../../model/mod.ts";
import type { F32 } from "../../onnx/mod.ts";
import type { CoderConfig } from "../coder.ts";
import { checkFits, coderTap } from "../splices/mod.ts";
import type { BlockSource } from "./activation_batches.ts";
import type { KeptRows } from "./kept_rows.ts";
import { isSame, type Tap } from "./taps.ts";

/**
 * Returns the blocks of a model's activations.
 * @param taps one per layer at most
 * @throws Error naming a tap that does not fit the model, or a layer with two taps.
 */
export function captured(
  model: HookedModel,
  taps: readonly Tap[],
  rows: KeptRows,
): BlockSource {
  const twice = taps.find(({ layer }, i) => taps.findIndex((tap) => tap.layer === layer) < i);
  if (twice) {
    throw new Error(
      `layer ${twice.layer} has two taps to capture; capture them one after the other`,
    );
  }
  const places = taps.map((tap) => {
    const config = configOf(tap);
    checkFits(config, model);
    return coderTap(config);
  });
  const { batch, context } = rows.stream;
  const splices = places.map(({ spliced }) => spliced);
  const read = places.flatMap(({ input, target }, i) =>
    isSame(taps[i]) ? [input] : [input, target]
  );
  const to = Math.max(...taps.map(({ layer }) => layer)) + 1;
  return {
    async fill(block, order, into) {
      let row = 0;
      const first = block * order.length;
      for (const { ids, positions } of rows.segments(first, first + order.length)) {
        const prompts = Array.from(
          { length: batch },
          (_, b) => Array.from(ids.subarray(b * context, (b + 1) * context)),
        );
        const { hooks } = await model.run(prompts, { splices, read, to });
        for (const [i, tap] of taps.entries()) {
          const targets = order.subarray(row, row + positions.length);
          scatter(hooks.get(places[i].input)!, positions, into[i].x, targets);
          if (!isSame(tap)) scatter(hooks.get(places[i].target)!, positions, into[i].y, targets);
        }
        row += positions.length;
      }
    },
  };
}

/** Copies the rows `from` of a tensor to the rows `to` of a matrix of the same width. */
function scatter(
  { data, shape }: F32,
  from: Int32Array,
  out: Float32Array<ArrayBufferLike>,
  to: Uint32Array,
): void {
  const width = shape.at(-1)!;
  // Rows are short: a loop takes less time than a view of each.
  for (let i = 0; i < from.length; i++) {
    const read = from[i] * width, write = to[i] * width;
    for (let j = 0; j < width; j++) out[write + j] = data[read + j];
  }
}

/** A coder of the tap's hook points, for checks; its features do not matter. */
function configOf(tap: Tap): CoderConfig {
  return {
    ...tap,
    kind: isSame(tap) ? "sae" : "transcoder",
    activation: { name: "relu" },
    features: 1,
    skip: false,
    metadata: {},
  };
}
