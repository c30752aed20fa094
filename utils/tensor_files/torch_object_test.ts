import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { readStoredTensor } from "./stored_tensor.ts";
import { readTorchObject, type TorchValue } from "./torch_checkpoint.ts";
import { interpretPickle, PickledObject } from "./torch_pickle.ts";
import { type PickleValue, writeTorchObject } from "./torch_writer.ts";

const text = (value: string): number[] => [...new TextEncoder().encode(value)];
const pickle = (...parts: (string | number[])[]): Uint8Array =>
  new Uint8Array([0x80, 2, ...parts.flatMap((p) => typeof p === "string" ? text(p) : p), 0x2e]);

async function inFile(use: (path: string) => Promise<void>) {
  const dir = await Deno.makeTempDir();
  try {
    await use(join(dir, "made.pt"));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Replaces tensors in what was read by their values. */
async function withValues(value: TorchValue): Promise<unknown> {
  if (Array.isArray(value)) return await Promise.all(value.map(withValues));
  if (typeof value !== "object" || value === null) return value;
  if (value.kind === "tensor") {
    const { shape } = value.tensor;
    return { kind: "tensor", shape, data: await readStoredTensor(value.tensor) };
  }
  const entries: Record<string, unknown> = {};
  for (const [key, item] of value.entries) entries[key] = await withValues(item);
  return { ...value, entries };
}

Deno.test("readTorchObject() reads what writeTorchObject() wrote, and the bytes are the same each time", () =>
  inFile(async (path) => {
    const data = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.fround(i / 7 - 1));
    const root: PickleValue = {
      kind: "dictionary",
      entries: {
        cfg: {
          kind: "object",
          className: "trainer.config.RunnerConfig",
          entries: { name: "größer", lr: 1.5e-4, steps: 60_000_000, many: 2 ** 40, minus: -3 },
        },
        nested: [true, false, null, [], "torch.float32", { kind: "dictionary", entries: {} }],
        state_dict: {
          kind: "dictionary",
          entries: {
            W: { kind: "tensor", shape: [3, 4], data: data(12) },
            b: { kind: "tensor", shape: [5], data: data(5) },
            empty: { kind: "tensor", shape: [0], data: data(0) },
          },
        },
      },
    };
    await writeTorchObject(path, root);
    assertEquals(await withValues(await readTorchObject(path)), root);
    const bytes = await Deno.readFile(path);
    await writeTorchObject(path, root);
    assertEquals(await Deno.readFile(path), bytes);
  }));

Deno.test("interpretPickle() makes a configuration plain attributes, only where the caller allows it", () => {
  // GLOBAL, EMPTY_TUPLE, NEWOBJ, EMPTY_DICT, MARK, "lr" → 3, "on" → torch.device("cpu", 1), SETITEMS, BUILD
  const bytes = pickle(
    "ctrainer.config\nRunnerConfig\n)",
    [0x81],
    "}(",
    [0x8c, 2],
    "lr",
    [0x4b, 3],
    [0x8c, 2],
    "on",
    "ctorch\ndevice\n",
    [0x8c, 3],
    "cpu",
    [0x4b, 1, 0x86],
    "R",
    [0x8c, 2],
    "as",
    "ctorch\nbfloat16\n",
    "ub",
  );
  const object = interpretPickle(bytes, true) as PickledObject;
  assert(object instanceof PickledObject);
  assertEquals(object.className, "trainer.config.RunnerConfig");
  assertEquals(
    object.attributes,
    new Map<unknown, unknown>([["lr", 3], ["on", "cpu:1"], ["as", "torch.bfloat16"]]),
  );
  assertThrows(
    () => interpretPickle(bytes),
    Error,
    "the global trainer.config.RunnerConfig is forbidden",
  );
});

Deno.test("interpretPickle() refuses everything else where configurations are allowed", () => {
  const refuse = (bytes: Uint8Array, part: string) =>
    assertThrows(() => interpretPickle(bytes, true), Error, part);
  refuse(pickle("cos\nsystem\n"), "os.system is forbidden");
  refuse(pickle("cbuiltins\neval\n"), "builtins.eval is forbidden");
  refuse(pickle("ctorch\nload\n"), "torch.load is forbidden");
  refuse(pickle("cConfig\n\n"), "forbidden");
  refuse(pickle("ctrainer\nConfig\n)R"), "trainer.Config is not callable");
  refuse(pickle("ctrainer\nConfig\n", [0x4b, 1, 0x85], [0x81]), "with arguments; expected none");
  refuse(pickle("ccollections\nOrderedDict\n)", [0x81]), "a new object of something other than");
  refuse(pickle("ctrainer\nConfig\n)", [0x81], "]b"), "attributes that are not a dictionary");
  refuse(pickle("]}b"), "attributes set on a non-dictionary");
  refuse(pickle("(itorch\nload\n"), "opcode 0x69");
});

Deno.test("readTorchObject() reads shared and circular lists once", () =>
  inFile(async (path) => {
    // The file is written large enough to hold the pickles that replace its own below.
    let level: PickleValue = ["leaf"];
    for (let i = 0; i < 3; i++) level = [level, level];
    await writeTorchObject(path, level);
    const bytes = await Deno.readFile(path);
    const name = text("made/data.pkl");
    const find = (pattern: number[]) =>
      bytes.findIndex((_, i) => pattern.every((byte, k) => bytes[i + k] === byte));
    const start = find(name) + name.length;
    // Six levels, each holding the level below twice: EMPTY_LIST BINPUT 0, then 6 × (EMPTY_LIST, MARK, BINGET i, BINGET i, APPENDS, BINPUT i + 1)
    const levels = Array.from(
      { length: 6 },
      (_, i) => [0x5d, 0x28, 0x68, i, 0x68, i, 0x65, 0x71, i + 1],
    );
    const shared = [0x80, 2, 0x5d, 0x71, 0, ...levels.flat(), 0x2e];
    bytes.set(shared, start);
    await Deno.writeFile(path, bytes);
    let value = await readTorchObject(path) as TorchValue[];
    for (let i = 0; i < 6; i++) {
      assertEquals(value.length, 2);
      assert(value[0] === value[1], "one list, referred to twice");
      value = value[0] as TorchValue[];
    }
    // EMPTY_LIST BINPUT 0 BINGET 0 APPEND: a list that holds itself.
    bytes.set([0x80, 2, 0x5d, 0x71, 0, 0x68, 0, 0x61, 0x2e], start);
    await Deno.writeFile(path, bytes);
    const circle = await readTorchObject(path) as TorchValue[];
    assert(circle[0] === circle);
  }));

Deno.test("writeTorchObject() leaves no file behind where it cannot write", () =>
  inFile(async (path) => {
    await Deno.mkdir(path);
    await Deno.writeTextFile(join(path, "x"), "");
    await assertRejects(() => writeTorchObject(path, null), Error, `cannot write ${path}`);
    assertEquals([...Deno.readDirSync(join(path, ".."))].length, 1);
  }));
