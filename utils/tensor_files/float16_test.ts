import { assert, assertEquals } from "@std/assert";
import { convertToFloat32, type Dtype, encodeNumbers, firstNonFinite } from "./float16.ts";

function decode(bytes: number[], dtype: Dtype, n: number): number[] {
  const out = new Float32Array(n);
  convertToFloat32(new Uint8Array(bytes), dtype, out);
  return [...out];
}

Deno.test("convertToFloat32() reads the float16 bit patterns of IEEE 754", () => {
  // 1, -2, largest 65504, smallest subnormal 2^-24, +infinity
  const bytes = [0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b, 0x01, 0x00, 0x00, 0x7c];
  assertEquals(decode(bytes, "F16", 5), [1, -2, 65504, 2 ** -24, Infinity]);
});

Deno.test("convertToFloat32() reads bfloat16 as the upper half of a float32", () => {
  // 1 = 0x3f800000, -0.15625 = 0xbe200000, 2^127 = 0x7f000000
  assertEquals(decode([0x80, 0x3f, 0x20, 0xbe, 0x00, 0x7f], "BF16", 3), [1, -0.15625, 2 ** 127]);
});

Deno.test("convertToFloat32() reads doubles, integers and booleans, at any alignment", () => {
  const double = [...new Uint8Array(new Float64Array([0.1]).buffer)];
  assertEquals(decode(double, "F64", 1), [Math.fround(0.1)]);
  assertEquals(decode([0xfe, ...Array(7).fill(0xff)], "I64", 1), [-2]);
  assertEquals(decode([0xfe, 0xff, 0xff, 0xff], "I32", 1), [-2]);
  assertEquals(decode([1, 0, 1], "BOOL", 3), [1, 0, 1]);

  const shifted = new Uint8Array([9, 0x00, 0x3c]).subarray(1);
  const out = new Float32Array([7, 7, 7]);
  convertToFloat32(shifted, "F16", out, 1);
  assertEquals([...out], [7, 1, 7], "writes only from `at` on");
});

Deno.test("encodeNumbers() rounds bfloat16 to nearest, ties to even, and keeps NaN", () => {
  const bits = (x: number) => new Uint16Array(encodeNumbers([x], "BF16").buffer)[0];
  const float = (pattern: number) => new Float32Array(new Uint32Array([pattern]).buffer)[0];
  assertEquals(bits(float(0x3f808000)), 0x3f80, "tie to the even value below");
  assertEquals(bits(float(0x3f818000)), 0x3f82, "tie to the even value above");
  assertEquals(bits(float(0x3f808001)), 0x3f81, "above the tie");
  assertEquals(bits(-Infinity), 0xff80);
  const nan = bits(float(0x7f800001));
  assert((nan & 0x7f80) === 0x7f80 && (nan & 0x7f) !== 0, "NaN stays NaN");
});

Deno.test("encodeNumbers() rounds float16 as the hardware does", () => {
  const bits = (x: number) => new Uint16Array(encodeNumbers([x], "F16").buffer)[0];
  assertEquals(bits(1 + 2 ** -11), 0x3c00, "tie to even");
  assertEquals(bits(1 + 3 * 2 ** -11), 0x3c02, "tie to even");
  assertEquals(bits(65520), 0x7c00, "too large becomes infinite");
  assertEquals([...encodeNumbers([-1], "I64")], Array(8).fill(0xff));
});

Deno.test("firstNonFinite() finds NaN and infinities, and accepts extreme finite numbers", () => {
  const finite = [0, -0, 3.4028234663852886e38, -3.4028234663852886e38, 1e-45, -1e-45];
  assertEquals(firstNonFinite(new Float32Array(finite)), -1);
  assertEquals(firstNonFinite(new Float32Array([])), -1);
  for (const bad of [NaN, Infinity, -Infinity]) {
    assertEquals(firstNonFinite(new Float32Array([1, 2, bad, 3, NaN])), 2);
  }
});
