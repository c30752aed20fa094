import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { writeSafetensors } from "../tensor_files/safetensors.ts";
import { inFolder } from "./testdata.ts";
import { TokenFile, type TokenFileOptions } from "./token_file.ts";

const IDS = Array.from({ length: 24 }, (_, i) => (i * i * 997) % 40_000);

const bytesOf = (data: ArrayBufferView) =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** A NumPy file, version 1. */
function npy(descr: string, shape: string, data: ArrayBufferView, order = "False"): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`;
  const padded = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + "\n";
  const start = Uint8Array.of(
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    1,
    0,
    padded.length & 255,
    padded.length >> 8,
  );
  return Uint8Array.of(...start, ...new TextEncoder().encode(padded), ...bytesOf(data));
}

/** An index of a Megatron data set over sequences of these lengths. */
function megatron(lengths: number[], code: number, width: number): Uint8Array {
  const bytes = new Uint8Array(34 + 12 * lengths.length + 8);
  bytes.set(new TextEncoder().encode("MMIDIDX"));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(9, 1n, true);
  view.setUint8(17, code);
  view.setBigUint64(18, BigInt(lengths.length), true);
  view.setBigUint64(26, 1n, true);
  let at = 0;
  lengths.forEach((length, i) => {
    view.setInt32(34 + 4 * i, length, true);
    view.setBigInt64(34 + 4 * lengths.length + 8 * i, BigInt(at * width), true);
    at += length;
  });
  return bytes;
}

async function check(
  path: string,
  expected: Partial<TokenFile["layout"]>,
  options?: TokenFileOptions,
) {
  const file = await TokenFile.open(path, options);
  assertEquals([...file.read(0, file.count)], IDS);
  assertEquals([...file.read(5, 3)], IDS.slice(5, 8));
  assertThrows(() => file.read(20, 5), RangeError, `${path}: ids 20 … 24 of 24`);
  const { width, boundaries } = file.layout;
  const starts = boundaries &&
    { boundaries: Array.from({ length: boundaries.length }, (_, i) => boundaries.at(i)) };
  const found = { dtype: file.layout.dtype, width, ...starts };
  assertEquals(found, { width: undefined, ...expected } as typeof found);
  file.close();
}

Deno.test("TokenFile reads raw ids, with and without a header", async () => {
  await inFolder(async (path) => {
    await Deno.writeFile(path("a.bin"), bytesOf(Uint16Array.from(IDS)));
    await check(path("a.bin"), { dtype: "U16" });
    await Deno.writeFile(path("b.bin"), bytesOf(Int32Array.from(IDS)));
    await check(path("b.bin"), { dtype: "I32" }, { dtype: "I32" });
    const header = { format: "circuits-over-time/tokens/1", dtype: "I32", tokens: 24 };
    await Deno.writeTextFile(path("b.json"), JSON.stringify(header));
    await check(path("b.bin"), { dtype: "I32" });
  });
});

Deno.test("TokenFile reads NumPy arrays and safetensors, flat and by rows", async () => {
  await inFolder(async (path) => {
    await Deno.writeFile(path("a.npy"), npy("<u2", "24,", Uint16Array.from(IDS)));
    await check(path("a.npy"), { dtype: "U16" });
    await Deno.writeFile(path("b.npy"), npy("<i8", "4, 6", BigInt64Array.from(IDS, BigInt)));
    await check(path("b.npy"), { dtype: "I64", width: 6 });
    await Deno.writeFile(path("c.npy"), npy("<u4", "24,", Uint32Array.from(IDS)));
    await check(path("c.npy"), { dtype: "U32" });
    await writeSafetensors(path("d.safetensors"), {
      tokens: { dtype: "I32", shape: [3, 8], data: IDS },
      other: { dtype: "F32", shape: [2], data: [1, 2] },
    });
    await check(path("d.safetensors"), { dtype: "I32", width: 8 });
  });
});

Deno.test("TokenFile reads Megatron data sets, with sequences of one length and of several", async () => {
  await inFolder(async (path) => {
    for (
      const [name, lengths, expected] of [
        ["equal", [8, 8, 8], { width: 8 }],
        ["unequal", [8, 8, 3, 5], { boundaries: [0, 8, 16, 19] }],
      ] as const
    ) {
      await Deno.writeFile(path(`${name}.bin`), bytesOf(Uint16Array.from(IDS)));
      await Deno.writeFile(path(`${name}.idx`), megatron([...lengths], 8, 2));
      await check(
        path(`${name}.bin`),
        { dtype: "U16", ...expected } as Partial<TokenFile["layout"]>,
      );
    }
  });
});

Deno.test("what is not a file of ids is refused with what was expected and found", async () => {
  await inFolder(async (path) => {
    const refused = async (name: string, content: Uint8Array | string, message: string) => {
      await Deno.writeFile(
        path(name),
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
      await assertRejects(() => TokenFile.open(path(name)), Error, message);
    };
    await refused("a.bin", new Uint8Array(7), "expected a whole number of U16 ids, found 7 bytes");
    await refused("a.npy", "not a NumPy file at all", "expected a NumPy file");
    await refused("b.npy", npy("<f4", "3,", Float32Array.of(1, 2, 3)), "found {'descr': '<f4'");
    await refused(
      "c.npy",
      npy("<i4", "2, 2", new Int32Array(4), "True"),
      "expected a C-ordered array",
    );
    await refused(
      "d.npy",
      npy("<i4", "9,", new Int32Array(4)),
      "expected 164 bytes for 9 ids of I32, found 144",
    );
    await refused("a.parquet", "PAR1", "expected a file of token ids: .npy, .safetensors or .bin");
    await Deno.writeTextFile(path("h.json"), '{"format":"x"}');
    await refused("h.bin", new Uint8Array(8), 'found {"format":"x"}');
    const index = megatron([2, 2], 8, 2);
    await Deno.writeFile(path("m.idx"), index.slice(0, 40));
    await refused(
      "m.bin",
      new Uint8Array(8),
      "expected at least 58 bytes for 2 sequences, found 40",
    );
    await Deno.writeFile(path("m.idx"), megatron([2, 2], 6, 2));
    await refused("m.bin", new Uint8Array(8), "found number format 6");
    await Deno.writeFile(path("m.idx"), megatron([2, 2], 8, 4));
    await refused(
      "m.bin",
      new Uint8Array(8),
      "expected sequence 1 at byte 4, after the one before it, found 8",
    );
    await assertRejects(() => TokenFile.open(path("none.bin")), Error, "there is no such file");
    await writeSafetensors(path("s.safetensors"), { ids: { dtype: "F32", shape: [1], data: [1] } });
    await assertRejects(() => TokenFile.open(path("s.safetensors")), Error, "found ids F32 [1]");
  });
});
