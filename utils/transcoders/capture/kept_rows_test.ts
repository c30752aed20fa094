/** The sequence of rows against a plain list of all positions. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { TokenStream } from "../../text/mod.ts";
import { KeptRows } from "./kept_rows.ts";

/** Rows of three ids; id 0 is the end of text. Every third step consists of ends of text. */
const ids = (step: number) =>
  Int32Array.from({ length: 6 }, (_, i) => step % 3 === 2 ? 0 : (7 * step + 3 * i * i) % 5);
const stream: TokenStream = { batch: 2, context: 3, at: ids };

/** All positions of the first steps, one after the other. */
function plain(steps: number, excluded: number[], lengths?: (step: number) => number[]) {
  const rows: { step: number; position: number }[] = [];
  for (let step = 0; step < steps; step++) {
    ids(step).forEach((id, position) => {
      const inside = !lengths || position % 3 < lengths(step)[Math.floor(position / 3)];
      if (inside && !excluded.includes(id)) rows.push({ step, position });
    });
  }
  return rows;
}

function found(rows: KeptRows, from: number, to: number) {
  const list: { ids: number[]; position: number }[] = [];
  for (const { ids, positions } of rows.segments(from, to)) {
    positions.forEach((position) => list.push({ ids: [...ids], position }));
  }
  return list;
}

for (const excluded of [[], [0], [0, 3]]) {
  for (const remembered of [0, 1e6]) {
    Deno.test(`rows without ids [${excluded}] are those of a plain list, in any order (${remembered} bytes)`, () => {
      const expected = plain(40, excluded)
        .map(({ step, position }) => ({ ids: [...ids(step)], position }));
      const rows = new KeptRows(stream, { excluded, remembered });
      assert(expected.length > 75);
      for (const [from, to] of [[50, 73], [0, 50], [73, 74], [49, 51], [0, expected.length]]) {
        assertEquals(found(rows, from, to), expected.slice(from, to), `${from} … ${to}`);
      }
    });
  }
}

Deno.test("padding is left out", () => {
  const lengths = (step: number) => [step % 4, 3 - step % 2];
  const padded = { ...stream, lengths: (step: number) => Int32Array.from(lengths(step)) };
  const expected = plain(30, [0], lengths)
    .map(({ step, position }) => ({ ids: [...ids(step)], position }));
  const rows = new KeptRows(padded, { excluded: [0, undefined] });
  assertEquals(found(rows, 0, expected.length), expected);
});

Deno.test("a stream without a token to train on is refused", () => {
  const rows = new KeptRows({ ...stream, at: () => new Int32Array(6) }, { excluded: [0] });
  assertThrows(() => [...rows.segments(0, 1)], Error, "no tokens to train on");
});
