/** Digests of content, to recognise results of a file that has been edited since. */

/** Returns the first 16 hexadecimal digits of the SHA-256 of bytes, or of a value's JSON. */
export async function contentDigest(content: unknown): Promise<string> {
  const bytes = content instanceof Uint8Array
    ? content as Uint8Array<ArrayBuffer>
    : new TextEncoder().encode(JSON.stringify(content));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return digest.toHex().slice(0, 16);
}
