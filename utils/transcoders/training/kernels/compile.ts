/** Compiles the kernels, once per process: AssemblyScript to WebAssembly with SIMD, over a memory that threads share. */
import type { Compilation } from "./compile_worker.ts";

/** Files of the kernels; the first exports them all. */
const SOURCES = [
  ...["mod.ts", "rows.ts", "choice.ts", "targets.ts", "decode.ts", "places.ts", "update.ts"],
];

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * Returns the kernels, compiled.
 * @throws Error with the compiler's message.
 */
export function kernels(): Promise<WebAssembly.Module> {
  return compiled ??= compile();
}

async function compile(): Promise<WebAssembly.Module> {
  const sources: Record<string, string> = {};
  for (const name of SOURCES) {
    sources[name] = await Deno.readTextFile(new URL(`./assembly/${name}`, import.meta.url));
  }
  const worker = new Worker(new URL("./compile_worker.ts", import.meta.url).href, {
    type: "module",
  });
  const { binary, message } = await new Promise<Compilation>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<Compilation>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      resolve({ message: event.message });
    };
    worker.postMessage(sources);
  });
  worker.terminate();
  if (!binary) throw new Error(`the kernels did not compile: ${message}`);
  return await WebAssembly.compile(binary);
}
