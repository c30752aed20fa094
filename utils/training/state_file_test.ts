import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../base/mod.ts";
import { readSafetensorsHeader, writeSafetensors } from "../tensor_files/mod.ts";
import { layoutOf } from "./parameters.ts";
import { readState, writeState } from "./state_file.ts";

const vector = (from: number) => Float32Array.from({ length: 6 }, (_, i) => from + i / 7);
const state = {
  step: 12,
  weights: vector(0),
  slots: { m: vector(1), v: vector(2) },
  carried: { seen: Float32Array.of(3) },
};
const settings = { lr: 0.1 };
const read = (path: string) =>
  readState(
    path,
    settings,
    layoutOf([{ name: "w", shape: [2, 3] }]),
    ["m", "v"],
    layoutOf([{ name: "seen", shape: [1] }]),
  );

Deno.test("a flipped byte of a training state is found, wherever it is, and named with a way out", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = join(dir, "state.safetensors");
    await writeState(path, state, settings);
    assertEquals(await read(path), state);
    const bytes = await Deno.readFile(path);
    const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const step = new TextDecoder().decode(bytes).indexOf('"step":"12"') + '"step":"'.length;
    const places = Array.from({ length: bytes.length - header }, (_, i) => header + i);
    for (const at of [step, ...places]) {
      const damaged = bytes.slice();
      damaged[at] ^= 1;
      await Deno.writeFile(path, damaged);
      const error = await assertRejects(() => read(path), UserError, `${path} is damaged`);
      assertEquals(/start from scratch with --overwrite/.test(error.message), true);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a training state without a checksum, from before there was one, is read", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = join(dir, "state.safetensors");
    await writeState(path, state, settings);
    const { metadata: { checksum, ...older } } = await readSafetensorsHeader(path);
    assertEquals(checksum?.length, 8);
    const vectors = { weights: state.weights, ...state.slots, ...state.carried };
    const tensors = Object.fromEntries(
      Object.entries(vectors).map((
        [name, data],
      ) => [name, { dtype: "F32" as const, shape: [data.length], data }]),
    );
    await writeSafetensors(path, tensors, older);
    assertEquals(await read(path), state);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
