import { assertEquals, assertThrows } from "@std/assert";
import { PythonRandom } from "./python_random.ts";

// Expected numbers were printed by CPython 3.11.

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

Deno.test("PythonRandom gives CPython's 32-bit outputs for seed 42", () => {
  const random = new PythonRandom(42);
  assertEquals(
    range(6).map(() => random.getrandbits(32)),
    [2746317213, 478163327, 107420369, 3184935163, 1181241943, 1051802512],
  );
  range(1993).forEach(() => random.getrandbits(32));
  assertEquals(random.getrandbits(32), 1557724698, "the 2000th output, after several refills");
});

Deno.test("shuffle() and randbelow() follow CPython for seed 42", () => {
  const random = new PythonRandom(42);
  assertEquals(random.shuffle(range(14)), [8, 12, 7, 6, 13, 11, 5, 2, 9, 3, 4, 0, 1, 10]);
  assertEquals(range(6).map(() => random.randbelow(109)), [4, 3, 11, 27, 29, 64]);
});

Deno.test("getrandbits() takes the top bits of an output", () => {
  const random = new PythonRandom(42);
  assertEquals([1, 5, 7, 31, 32].map((k) => random.getrandbits(k)), [
    1,
    3,
    3,
    1592467581,
    1181241943,
  ]);
});

Deno.test("random(), choices() and uniform() follow CPython", () => {
  const zero = new PythonRandom(0);
  assertEquals(range(3).map(() => zero.random()), [
    0.8444218515250481,
    0.7579544029403025,
    0.420571580830845,
  ]);
  const seven = new PythonRandom(7);
  assertEquals(seven.choices(range(120), 6), [38, 18, 78, 8, 64, 43]);
  assertEquals(seven.uniform(-2, 5), -1.5940075265770524);
});

Deno.test("sample() follows CPython with small and large populations", () => {
  const random = new PythonRandom(3);
  assertEquals(random.sample(range(107), 2), [30, 75]);
  assertEquals(random.sample(range(10), 4), [8, 2, 5, 4]);
  assertEquals(random.sample(range(200), 10), [121, 160, 148, 16, 155, 3, 120, 66, 141, 59]);
});

Deno.test("PythonRandom accepts seeds above 32 bits and ignores the sign", () => {
  const large = new PythonRandom(2 ** 40 + 12345);
  assertEquals(range(3).map(() => large.getrandbits(32)), [1332995613, 1500173691, 493462063]);
  assertEquals(new PythonRandom(-42).getrandbits(32), 2746317213);
});

Deno.test("PythonRandom rejects what Python rejects", () => {
  const random = new PythonRandom(1);
  assertThrows(() => new PythonRandom(0.5), RangeError, "0.5");
  assertThrows(() => random.choice([]), RangeError, "empty");
  assertThrows(() => random.sample([1, 2], 3), RangeError, "sample 3 of 2");
  assertThrows(() => random.randbelow(0), RangeError, "found 0");
});
