import { assertEquals, assertNotEquals } from "@std/assert";
import { weightDigest } from "./weight_digest.ts";

Deno.test("weightDigest() follows every byte of a small file, and the ends and size of a large one", async () => {
  const dir = await Deno.makeTempDir();
  const MIB = 2 ** 20;
  const digest = async (bytes: Uint8Array, whole?: number) => {
    await Deno.writeFile(`${dir}/model.safetensors`, bytes);
    return await weightDigest(dir, whole);
  };
  const changed = (at: number, length = 3 * MIB) => {
    const bytes = new Uint8Array(length);
    if (at >= 0) bytes[at] = 1;
    return bytes;
  };
  try {
    assertEquals(await weightDigest(dir), undefined);
    const small = await digest(changed(-1)), large = await digest(changed(-1), MIB);
    assertEquals(await digest(changed(-1)), small);
    assertNotEquals(await digest(changed(1.5 * MIB)), small);
    assertEquals(await digest(changed(1.5 * MIB), MIB), large);
    assertNotEquals(await digest(changed(5), MIB), large);
    assertNotEquals(await digest(changed(3 * MIB - 1), MIB), large);
    assertNotEquals(await digest(changed(-1, 3 * MIB + 1), MIB), large);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
