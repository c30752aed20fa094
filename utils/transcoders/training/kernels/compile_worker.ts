/** Compiles the kernels in a thread, which takes the compiler's memory with it when it ends. */
/// <reference lib="webworker" />

/** What to compile. */
export interface CompilationTask {
  /** contents of the source files, by name */
  sources: Record<string, string>;
  /** arguments of the compiler, which writes kernels.wasm */
  args: string[];
}

/** The answer: the binary, or what the compiler says. */
export interface Compilation {
  /** WebAssembly */
  binary?: Uint8Array<ArrayBuffer>;
  /** the compiler's message */
  message: string;
}

declare const self: DedicatedWorkerGlobalScope;

self.onmessage = async ({ data: { sources, args } }: MessageEvent<CompilationTask>) => {
  // The compiler's module awaits while it loads; messages that come then would be lost.
  const { default: asc } = await import("assemblyscript/asc");
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main(args, {
    // The compiler adds .ts to the names in imports, which have it already for Deno.
    readFile: (name) => sources[name.replace(/\.ts\.ts$/, ".ts")] ?? null,
    writeFile(name, data) {
      if (name === "kernels.wasm") binary = Uint8Array.from(data as Uint8Array);
    },
    listFiles: () => [],
  });
  const message = `${error?.message ?? ""} ${stderr}`.trim();
  self.postMessage({ binary: error ? undefined : binary, message } satisfies Compilation);
  self.close();
};
