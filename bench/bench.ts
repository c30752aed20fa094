/** Times the engine on randomly initialised models of real shapes, each case in its own process. */
import { Command } from "@commander-js/extra-typings";
import { type Bench, type BenchCase, type Measurement, SHAPES } from "./case.ts";
import { benches as graphs } from "./attribution_graph.ts";
import { benches as identities } from "./circuit_identities.ts";
import { benches as adaptivePath } from "./adaptive_path.ts";
import { benches as circuits } from "./circuits.ts";
import { benches as engine } from "./engine.ts";
import { benches as estimate } from "./estimate.ts";
import { benches as dashboards } from "./feature_dashboards.ts";
import { benches as heads } from "./heads.ts";
import { benches as largeGraph } from "./large/graph.ts";
import { benches as largeModel } from "./large/model.ts";
import { benches as transcoder } from "./transcoder.ts";
import { benches as truth } from "./transcoder_truth.ts";
import { formatTable, hasColors } from "../utils/cli/mod.ts";

const BENCHES: readonly Bench[] = [
  ...engine,
  ...circuits,
  ...adaptivePath,
  ...identities,
  ...heads,
  ...largeGraph,
  ...largeModel,
  ...truth,
  ...transcoder,
  ...graphs,
  ...dashboards,
  ...estimate,
];

/** Returns the line of a case as `--json` prints it. */
function line({ bench, shape, kind }: BenchCase, m: Measurement) {
  const round = (x: number | undefined, digits: number) =>
    x === undefined ? null : Number(x.toPrecision(digits));
  return {
    bench,
    shape,
    ...(kind !== undefined && { kind }),
    tokens: m.tokens,
    seconds: round(m.seconds, 4),
    gflops: round(m.flops / m.seconds / 1e9, 4),
    of_matmul_rate: round(m.ofMatmulRate, 3),
    peak_rss_mb: Math.round(m.peakRssMb),
    weights_mb: Math.round(m.weightsMb),
    ...Object.fromEntries(Object.entries(m.more ?? {}).map(([k, v]) => [k, round(v, 4)])),
  };
}
type Line = ReturnType<typeof line>;

/** Runs a case in its own process, so that the peak memory is that of the case. */
async function runCase(c: BenchCase): Promise<Line> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", import.meta.filename!, "--case", JSON.stringify(c)],
  }).output();
  const text = new TextDecoder();
  if (code !== 0) {
    throw new Error(`${c.bench} ${c.shape} ${c.prompts} prompts: ${text.decode(stderr)}`);
  }
  return JSON.parse(text.decode(stdout).trim().split("\n").at(-1)!);
}

function known<T>(kind: string, names: readonly string[], table: Record<string, T>): string[] {
  for (const name of names) {
    if (!(name in table)) {
      throw new Error(
        `unknown ${kind} "${name}": expected one of ${Object.keys(table).join(", ")}`,
      );
    }
  }
  return [...names];
}

function printLines(lines: readonly Line[]) {
  const named = lines.some(({ kind }) => kind !== undefined);
  const extra = [...new Set(lines.flatMap((l) => Object.keys(l)))].slice(named ? 9 : 8);
  console.log(formatTable<Line>(
    [
      { header: "bench", value: (l) => l.bench },
      { header: "shape", value: (l) => l.shape },
      ...(named ? [{ header: "kind", value: (l: Line) => l.kind }] : []),
      { header: "tokens", value: (l) => l.tokens },
      { header: "seconds", value: (l) => l.seconds },
      { header: "GFLOP/s", value: (l) => l.gflops, digits: 0 },
      { header: "of MatMul rate", value: (l) => l.of_matmul_rate, digits: 2 },
      { header: "peak MB", value: (l) => l.peak_rss_mb },
      { header: "weights MB", value: (l) => l.weights_mb },
      ...extra.map((key) => ({
        header: key.replaceAll("_", " "),
        value: (l: Line) => (l as Record<string, unknown>)[key] as number | undefined,
      })),
    ],
    lines,
    { colors: hasColors(Deno.stdout) },
  ));
}

const list = (text: string) => text.split(",").map((part) => part.trim());

if (import.meta.main) {
  const command = new Command()
    .name("deno task bench")
    .description(
      "Times each bench, and bare matrix products of the same shapes in the same process as a yardstick. Benches:\n" +
        BENCHES.map((b) => `  ${b.name}: ${b.description}`).join("\n"),
    )
    .option("--bench <names>", "benches to run, separated by commas (default: all)", list)
    .option(
      "--shape <names>",
      `shapes, separated by commas: ${Object.keys(SHAPES).join(", ")}`,
      list,
    )
    .option("--prompts <numbers>", "numbers of prompts, e.g. 10,64", (t) => list(t).map(Number))
    .option("--repeats <n>", "number of timings per case", Number, 5)
    .option("--threads <n>", "threads of ONNX Runtime (default: one per core)", Number)
    .option("--json", "print one line of JSON per case")
    .option("--case <json>", "run one case in this process and print its line")
    .parse(Deno.args, { from: "user" });
  const options = command.opts();
  try {
    const table = Object.fromEntries(BENCHES.map((b) => [b.name, b]));
    if (options.case) {
      const c = JSON.parse(options.case) as BenchCase;
      console.log(JSON.stringify(line(c, await table[c.bench].measure(SHAPES[c.shape], c))));
      Deno.exit(0);
    }
    const lines: Line[] = [];
    for (const bench of known("bench", options.bench ?? Object.keys(table), table)) {
      const { shapes, prompts, kinds = [undefined] } = table[bench];
      for (const shape of known("shape", options.shape ?? shapes, SHAPES)) {
        for (const n of options.prompts ?? prompts) {
          for (const kind of kinds) {
            const { repeats, threads } = options;
            const done = await runCase({ bench, shape, prompts: n, repeats, threads, kind });
            lines.push(done);
            if (options.json) console.log(JSON.stringify(done));
            else console.error(`${bench} ${shape} ${kind ?? `${n} prompts`}: ${done.seconds} s`);
          }
        }
      }
    }
    if (!options.json) printLines(lines);
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    Deno.exit(1);
  }
}
