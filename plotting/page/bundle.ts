/**
 * Bundles a page's TypeScript and its CSS with esbuild, each into one minified text. Results are cached: each pair of
 * script and styles is bundled once per process.
 */
import { fromFileUrl } from "@std/path";

// esbuild reads this variable when it loads. 0 turns its background thread off: the thread takes longer to start than a
// page takes to bundle, and never answers a thread that is itself a worker. The variable stays, since threads of one process
// share it: one that took it back while another loads esbuild would leave that one waiting for ever.
Deno.env.set("ESBUILD_WORKER_THREADS", "0");
const { buildSync } = await import("esbuild");

/** The code of a page. */
export interface Bundle {
  /** one ECMAScript module without imports */
  script: string;
  /** CSS without `@import` */
  style: string;
}

const bundles = new Map<string, Bundle>();

/**
 * Bundles a page's entry module with everything it imports, and its style sheets in the order given.
 * @throws Error with file, line and cause, for example an import that cannot be resolved. A page can import files, but
 * not packages.
 */
export function bundlePage(entry: URL, styles: readonly URL[]): Bundle {
  const files = [...styles, entry].map((url) => fromFileUrl(url));
  const key = JSON.stringify(files);
  let bundle = bundles.get(key);
  if (!bundle) bundles.set(key, bundle = build(files));
  return bundle;
}

function build(files: readonly string[]): Bundle {
  const { outputFiles } = buildSync({
    stdin: {
      contents: files.map((file) => `import ${JSON.stringify(file)};`).join("\n"),
      resolveDir: fromFileUrl(new URL(".", import.meta.url)),
    },
    bundle: true,
    write: false,
    outdir: "page",
    platform: "browser",
    format: "esm",
    charset: "utf8",
    tsconfigRaw: "{}",
    minify: true,
    legalComments: "none",
    logLevel: "silent",
  });
  const text = (ending: string) =>
    outputFiles.find(({ path }) => path.endsWith(ending))?.text.trim() ?? "";
  return { script: text(".js"), style: text(".css") };
}
