import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  add,
  defineProgram,
  Graph,
  mul,
  ProgramCache,
  Session,
  type SessionOptions,
  tensor,
} from "./mod.ts";
import { programKey } from "./programs.ts";

interface Line {
  slope: number;
  offset?: number;
}

/** Compiles y = slope · x + offset over `[n]`, and counts its calls. */
function counted() {
  const calls: [Line, number, SessionOptions][] = [];
  const build = (line: Line, n: number, options: SessionOptions) => {
    calls.push([line, n, options]);
    const x = new Graph().input("x", [n]);
    return Session.compile({ y: add(mul(x, line.slope), line.offset ?? 0) }, {}, options);
  };
  return { calls, build };
}

const x = tensor(Float32Array.of(1, 2), [2]);

Deno.test("A program compiles once for each specification, with the cache's session options", async () => {
  const { calls, build } = counted();
  const line = defineProgram("line", build);
  const cache = new ProgramCache({ threads: 1 });
  const [first, second] = await Promise.all([
    line(cache, { slope: 3, offset: 1 }, 2),
    line(cache, { offset: 1, slope: 3 }, 2),
  ]);
  assert(first === second);
  assertEquals([...(await first.run({ x })).y.data], [4, 7]);
  const other = await line(cache, { slope: 3 }, 2);
  assertEquals([...(await other.run({ x })).y.data], [3, 6]);
  assert(await line(cache, { slope: 3, offset: undefined }, 2) === other);
  assertEquals(calls, [
    [{ slope: 3, offset: 1 }, 2, { threads: 1 }],
    [{ slope: 3 }, 2, { threads: 1 }],
  ]);
  // Another cache has programs of its own.
  const elsewhere = new ProgramCache();
  assert(await line(elsewhere, { slope: 3 }, 2) !== other);
  await cache.close();
  await elsewhere.close();
});

Deno.test("close() frees what was compiled; a later call compiles again", async () => {
  const { calls, build } = counted();
  const line = defineProgram("line", build);
  const cache = new ProgramCache();
  const first = await line(cache, { slope: 1 }, 2);
  await cache.close();
  await assertRejects(() => first.run({ x }));
  assertEquals([...(await (await line(cache, { slope: 1 }, 2)).run({ x })).y.data], [1, 2]);
  assertEquals(calls.length, 2);
  await cache.close();
});

Deno.test("Two programs of one name with different builds are refused; the same build twice is one", async () => {
  const { calls, build } = counted();
  const cache = new ProgramCache();
  const first = await defineProgram("line", build)(cache, { slope: 1 }, 2);
  assert(await defineProgram("line", build)(cache, { slope: 1 }, 2) === first);
  const impostor = defineProgram("line", counted().build);
  assertThrows(() => impostor(cache, { slope: 1 }, 2), Error, 'two programs are named "line"');
  assertEquals(calls.length, 1);
  await cache.close();
  for (const name of ["", "line [1]"]) {
    assertThrows(() => defineProgram(name, build), Error, `"${name}"`);
  }
});

Deno.test("programKey() tells all plain data apart, and does not see the order of properties", () => {
  const different: unknown[] = [
    null,
    undefined,
    "null",
    "undefined",
    0,
    -0,
    "0",
    1,
    "1",
    1n,
    true,
    "true",
    NaN,
    Infinity,
    -Infinity,
    [],
    {},
    "",
    [[]],
    [null],
    [undefined],
    [1, 2],
    ["1,2"],
    [[1], 2],
    { a: 1 },
    { a: "1" },
    { b: 1 },
    { a: { b: 1 } },
    { "a:1": 1 },
    ["a", "b"],
    ['a","b'],
    { a: null },
  ];
  const keys = different.map((value) => programKey("p", [value]));
  assertEquals(new Set(keys).size, different.length);
  assert(programKey("p", [1, 2]) !== programKey("p", [[1, 2]]));
  assert(programKey("p", [1]) !== programKey("p", [1, undefined]));
  assert(programKey("p", []) !== programKey("p 1", []));
  const key = programKey("p", [{ b: [1, { d: 2, c: 3 }], a: undefined }]);
  assertEquals(key, programKey("p", [{ b: [1, { c: 3, d: 2 }] }]));
  assertEquals(key, 'p [{"b":[1,{"c":3,"d":2}]}]');
  assertEquals(programKey("p", [{ toJSON: () => ({ id: 7 }) }]), 'p [{"id":7}]');
});

Deno.test("programKey() refuses what is not plain data, naming its place", () => {
  const refused: [unknown, string][] = [
    [() => 1, "stack: argument 2.plans[1] is a function"],
    [Symbol("s"), "stack: argument 2.plans[1] is a symbol"],
    [new Map([[1, 2]]), "stack: argument 2.plans[1] is a Map"],
    [new Set([1]), "is a Set"],
    [Float32Array.of(1), "is a Float32Array"],
    [new Graph().input("x", [1]), "is a Value"],
  ];
  for (const [value, message] of refused) {
    const spec = [1, { plans: [0, value] }];
    assertThrows(() => programKey("stack", spec), TypeError, message);
  }
});

Deno.test("compiled() tries again after a failure, and blames the device until something works on it", async () => {
  const broken = () => Promise.reject(new Error("no\n adapter\n"));
  const cache = new ProgramCache({ device: "webgpu" });
  await assertRejects(
    () => cache.compiled("a", broken),
    Error,
    'device: no adapter; choose "cpu" where there is none',
  );
  assertEquals(await cache.compiled("a", () => Promise.resolve(1)), 1);
  await assertRejects(() => cache.compiled("b", broken), Error, "no\n adapter\n");
  await assertRejects(() => new ProgramCache().compiled("a", broken), Error, "no\n adapter\n");
});
