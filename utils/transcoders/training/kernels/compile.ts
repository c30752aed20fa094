/** Compiles the kernels, once per process: AssemblyScript to WebAssembly with SIMD, over a memory that threads share. */

/** Largest memory, in pages of 64 KiB: 4 GiB, all that 32-bit addresses reach. */
export const MOST_PAGES = 65536;

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * Returns the kernels, compiled.
 * @throws Error with the compiler's message.
 */
export function kernels(): Promise<WebAssembly.Module> {
  return compiled ??= compile();
}

async function compile(): Promise<WebAssembly.Module> {
  // The compiler is large; processes that train nothing do not load it.
  const { default: asc } = await import("assemblyscript/asc");
  const source = await Deno.readTextFile(new URL("./assembly.ts", import.meta.url));
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main([
    ...["assembly.ts", "--outFile", "kernels.wasm", "-O3", "--runtime", "stub", "--noAssert"],
    ...["--enable", "simd", "--enable", "threads", "--importMemory", "--sharedMemory"],
    ...["--initialMemory", "1", "--maximumMemory", String(MOST_PAGES)],
  ], {
    readFile: (name) => name === "assembly.ts" ? source : null,
    writeFile(name, data) {
      if (name === "kernels.wasm") binary = Uint8Array.from(data as Uint8Array);
    },
    listFiles: () => [],
  });
  if (error || !binary) {
    throw new Error(`the kernels did not compile: ${error?.message ?? ""} ${stderr}`);
  }
  return await WebAssembly.compile(binary);
}
