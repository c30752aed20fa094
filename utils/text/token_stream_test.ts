import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { writeSafetensors } from "../tensor_files/safetensors.ts";
import { permuted } from "./permutation.ts";
import { EOS, inFolder } from "./testdata.ts";
import { TokenFile } from "./token_file.ts";
import { type StreamOptions, tokenStream } from "./token_stream.ts";

const DOCUMENTS = Array.from(
  { length: 60 },
  (_, i) => Array.from({ length: 1 + (i * 7) % 23 }, (_, k) => 1 + (i * 31 + k * 5) % 90),
);
const common = { batch: 3, eosId: EOS, vocabSize: 100 };

/** Opens ids as a raw file, or as rows of a width. */
async function open(path: (name: string) => string, ids: number[], width?: number) {
  if (width === undefined) {
    await Deno.writeFile(path("ids.bin"), new Uint8Array(Uint16Array.from(ids).buffer));
    return await TokenFile.open(path("ids.bin"));
  }
  const shape = [ids.length / width, width];
  await writeSafetensors(path("ids.safetensors"), { tokens: { dtype: "I32", shape, data: ids } });
  return await TokenFile.open(path("ids.safetensors"));
}

const rowsOf = (ids: Int32Array, context: number) =>
  Array.from(
    { length: ids.length / context },
    (_, r) => [...ids.subarray(r * context, (r + 1) * context)],
  );

/** Files that hold the same documents: separators before, after, on both sides, and some empty documents. */
const FILES: Record<string, number[]> = {
  before: DOCUMENTS.flatMap((ids) => [EOS, ...ids]),
  after: DOCUMENTS.flatMap((ids) => [...ids, EOS]),
  both: DOCUMENTS.flatMap((ids) => [EOS, ...ids, EOS]),
  empty: DOCUMENTS.flatMap((ids, i) => [EOS, ...ids, ...Array(i % 4).fill(EOS)]),
};

/** Packed by hand: one end-of-text token before each document. */
const STREAM = DOCUMENTS.flatMap((ids) => [EOS, ...ids]);

Deno.test("packed rows are the documents with one end-of-text token before each, however the file separates them", async () => {
  await inFolder(async (path) => {
    for (const [name, ids] of Object.entries(FILES)) {
      for (const context of [1, 2, 7, 16, 50]) {
        const stream = tokenStream(await open(path, ids), {
          ...common,
          ...{ context, rows: "packed", startRows: false },
        });
        assertEquals(stream.rows, Math.floor(STREAM.length / context));
        for (let step = 0; 3 * step + 2 < stream.rows; step++) {
          const expected = STREAM.slice(3 * step * context, 3 * (step + 1) * context);
          assertEquals([...stream.at(step)], expected, `${name}, ${context}, step ${step}`);
        }
        stream.close();
      }
    }
  });
});

Deno.test("rows that start with end of text never have two in a row, and miss no id", async () => {
  await inFolder(async (path) => {
    for (const ids of Object.values(FILES)) {
      for (const context of [2, 7, 16, 50]) {
        const stream = tokenStream(await open(path, ids), { ...common, context, rows: "packed" });
        let at = 0, checked = 0;
        for (let step = 0; 3 * step + 2 < stream.rows; step++) {
          for (const row of rowsOf(stream.at(step), context)) {
            assertEquals(row[0], EOS);
            assert(row.every((id, i) => i === 0 || id !== EOS || row[i - 1] !== EOS), String(row));
            // after its first token the row goes on where the stream is, whose own token it may have been
            const from = STREAM[at] === EOS ? at + 1 : at;
            assertEquals(row.slice(1), STREAM.slice(from, from + context - 1));
            at += context - 1;
            checked++;
          }
        }
        assert(checked > 3, `${checked} rows`);
        stream.close();
      }
    }
  });
});

Deno.test("padded rows hold a document each, and lengths() tells where padding begins", async () => {
  await inFolder(async (path) => {
    const context = 12;
    for (const ids of Object.values(FILES)) {
      const stream = tokenStream(await open(path, ids), { ...common, context, rows: "padded" });
      assertEquals(stream.rows, DOCUMENTS.length);
      for (let step = 0; step < 20; step++) {
        const lengths = stream.lengths!(step);
        rowsOf(stream.at(step), context).forEach((row, b) => {
          const expected = [EOS, ...DOCUMENTS[3 * step + b]].slice(0, context);
          assertEquals(lengths[b], expected.length);
          assertEquals(row, [...expected, ...Array(context - expected.length).fill(EOS)]);
        });
      }
      stream.close();
    }
  });
});

Deno.test("stored rows come as they are; a row of a file bounds its documents", async () => {
  await inFolder(async (path) => {
    const ids = [EOS, 1, 2, 3, 4, EOS, 5, 6, 7, EOS, EOS, EOS];
    const stored = tokenStream(await open(path, ids, 4), { ...common, context: 3, rows: "stored" });
    assertEquals(rowsOf(stored.at(0), 3), [[EOS, 1, 2], [4, EOS, 5], [7, EOS, EOS]]);
    stored.close();
    const packed = tokenStream(await open(path, ids, 4), {
      ...common,
      ...{ batch: 1, context: 11, rows: "packed", startRows: false },
    });
    assertEquals([...packed.at(0)], [EOS, 1, 2, 3, EOS, 4, EOS, 5, 6, EOS, 7]);
    packed.close();
  });
});

Deno.test("at() is a function of the step alone: resumed at any step it gives the same rows", async () => {
  await inFolder(async (path) => {
    const kinds: Partial<StreamOptions>[] = [
      { rows: "packed" },
      { rows: "packed", seed: 4 },
      { rows: "padded", seed: 4 },
    ];
    for (const kind of kinds) {
      const options = { ...common, context: 9, rows: "packed", ...kind } as const;
      const whole = tokenStream(await open(path, FILES.both), options);
      const steps = Array.from({ length: 40 }, (_, step) => whole.at(step));
      assert(3 * 40 > whole.rows, "more than one pass");
      for (const first of [39, 17, 0, 5]) {
        const resumed = tokenStream(await open(path, FILES.both), options);
        for (let step = first; step < 40; step++) assertEquals(resumed.at(step), steps[step]);
        resumed.close();
      }
      whole.close();
    }
  });
});

Deno.test("a seed shuffles every pass afresh, and each pass holds every row once", async () => {
  await inFolder(async (path) => {
    const options = { ...common, batch: 1, context: 9, rows: "packed" } as const;
    const inOrder = tokenStream(await open(path, FILES.before), options);
    const n = inOrder.rows;
    const passes = (stream: typeof inOrder) =>
      [0, 1].map((pass) => Array.from({ length: n }, (_, i) => String(stream.at(pass * n + i))));
    const [file] = passes(inOrder);
    const stream = tokenStream(await open(path, FILES.before), { ...options, seed: 1 });
    const [first, second] = passes(stream);
    assertEquals(first.toSorted(), file.toSorted());
    assertEquals(second.toSorted(), file.toSorted());
    for (const [a, b] of [[file, first], [first, second]]) assertNotEquals(a, b);
    assertEquals(passes(inOrder)[1], file);
    inOrder.close();
    stream.close();
  });
});

Deno.test("permuted() is a permutation of 0 … n−1 for every n, and leaves few places alone", () => {
  for (const n of [1, 2, 3, 4, 5, 16, 17, 1000]) {
    const places = Array.from({ length: n }, (_, i) => permuted(i, n, 7, 0));
    assertEquals(places.toSorted((a, b) => a - b), Array.from({ length: n }, (_, i) => i));
  }
  const fixed = Array.from({ length: 1000 }, (_, i) => permuted(i, 1000, 7, 0)).filter((x, i) =>
    x === i
  );
  assert(fixed.length < 10, `${fixed.length} places stay`);
  // n beyond 32 bits
  const far = permuted(2 ** 40, 2 ** 41 + 5, 1, 0);
  assert(Number.isSafeInteger(far) && far < 2 ** 41 + 5);
});

Deno.test("tokenStream() refuses ids outside the vocabulary, too little text and wrong settings", async () => {
  await inFolder(async (path) => {
    const packed = { ...common, context: 8, rows: "packed" } as const;
    const ids = [...FILES.before];
    ids[77] = 300;
    const wrong = await open(path, ids);
    assertThrows(
      () => tokenStream(wrong, packed),
      Error,
      `${path("ids.bin")}: expected ids from 0 to 99, found 300 at place 77 (read as U16)`,
    );
    wrong.close();
    const short = await open(path, [EOS, 1, 2]);
    assertThrows(() => tokenStream(short, packed), Error, "expected at least one row of 8 ids");
    assertThrows(
      () => tokenStream(short, { ...packed, batch: 0 }),
      Error,
      "batch must be a positive",
    );
    assertThrows(
      () => tokenStream(short, { ...packed, rows: "stored" }),
      Error,
      "no rows of equal length",
    );
    short.close();
    const rows = await open(path, [1, 2, 3, 4], 2);
    assertThrows(() => tokenStream(rows, { ...packed, rows: "stored" }), Error, "found rows of 2");
    rows.close();
    const good = tokenStream(await open(path, FILES.both), packed);
    assertThrows(() => good.at(-1), RangeError, "found -1");
    good.close();
  });
});
