/**
 * Compiles the kernels, once per process: AssemblyScript to WebAssembly with SIMD, over a memory that threads share. The
 * binary is kept in the user's cache folder, under a digest of everything that it depends on: the compiler starts for
 * 2 s, the kept binary loads in some milliseconds.
 */
import { join } from "@std/path";
import { contentDigest, userCacheFolder, writeFileAtomic } from "../../../base/mod.ts";
import type { Compilation, CompilationTask } from "./compile_worker.ts";
import { MOST_PAGES } from "./memory_limit.ts";

/** Files of the kernels; the first exports them all. */
const SOURCES = [
  ...["mod.ts", "rows.ts", "choice.ts", "targets.ts", "decode.ts", "places.ts", "update.ts"],
  "tiles.ts",
];

const ARGS = [
  ...[SOURCES[0], "--outFile", "kernels.wasm", "-O3", "--runtime", "stub", "--noAssert"],
  ...["--enable", "simd", "--enable", "threads", "--importMemory", "--sharedMemory"],
  ...["--initialMemory", "1", "--maximumMemory", String(MOST_PAGES)],
];

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * Returns the kernels, compiled.
 * @throws Error with the compiler's message.
 */
export function kernels(): Promise<WebAssembly.Module> {
  return compiled ??= loadKernels(join(userCacheFolder(), "circuits-over-time"));
}

/**
 * Returns the kernels from a cache folder, or compiles them and keeps the binary there. A damaged binary is replaced; a
 * folder that cannot be written is left alone.
 * @throws Error with the compiler's message.
 */
export async function loadKernels(folder: string): Promise<WebAssembly.Module> {
  const sources: Record<string, string> = {};
  for (const name of SOURCES) {
    sources[name] = await Deno.readTextFile(new URL(`./assembly/${name}`, import.meta.url));
  }
  // The specifier carries the compiler's version.
  const task = { compiler: import.meta.resolve("assemblyscript/asc"), sources, args: ARGS };
  const path = join(folder, `kernels-${await contentDigest(task)}.wasm`);
  try {
    return await WebAssembly.compile(await Deno.readFile(path));
  } catch {
    const binary = await compile({ sources, args: ARGS });
    await writeFileAtomic(path, binary).catch(() => {});
    return await WebAssembly.compile(binary);
  }
}

async function compile(task: CompilationTask): Promise<Uint8Array<ArrayBuffer>> {
  const worker = new Worker(new URL("./compile_worker.ts", import.meta.url).href, {
    type: "module",
  });
  const { binary, message } = await new Promise<Compilation>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<Compilation>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      resolve({ message: event.message });
    };
    worker.postMessage(task);
  });
  worker.terminate();
  if (!binary) throw new Error(`the kernels did not compile: ${message}`);
  return binary;
}
