/** The benchmarks of heads in the common form; `path_patching.ts` and `cspa.ts` say what they time. */
import { type Bench, peakRssMb } from "./case.ts";
import { benchCspa } from "./cspa.ts";
import { benchPathPatching } from "./path_patching.ts";
import { engineFlops } from "./engine.ts";
import { type ModelConfig, unitBytes, unitNames } from "../utils/model/mod.ts";

/** Tokens of a document in the CSPA bench. */
const DOCUMENT = 61;

const weightsMb = (config: ModelConfig) =>
  unitNames(config).reduce((sum, unit) => sum + unitBytes(config, unit), 0) / 2 ** 20;

export const benches: Bench[] = [
  {
    name: "path_patching",
    description:
      "path patching from all heads to the final residual stream, against two whole runs per head",
    shapes: ["pythia-160m"],
    prompts: [70],
    async measure(config, { prompts }) {
      const times = await benchPathPatching(config, prompts);
      const tokens = prompts * 21;
      return {
        tokens,
        seconds: times.final / 1000,
        // what the whole runs would need, so the rate can exceed that of the machine
        flops: times.passes * engineFlops(config, prompts, 21).forward,
        peakRssMb: peakRssMb(),
        weightsMb: weightsMb(config),
        more: {
          forward_seconds: times.forward / 1000,
          of_whole_runs: times.finalShare,
          queries_of_whole_runs: times.queriesShare,
        },
      };
    },
  },
  {
    name: "cspa",
    description:
      "CSPA of all heads of a layer, against the two unembeddings per head that it replaces",
    shapes: ["pythia-160m"],
    prompts: [17],
    async measure(config, { prompts }) {
      const times = await benchCspa(config, prompts, DOCUMENT);
      return {
        tokens: prompts * DOCUMENT,
        seconds: times.layer / 1000,
        flops: times.rate * 1e9 * times.layer / 1000,
        ofMatmulRate: times.share,
        peakRssMb: peakRssMb(),
        weightsMb: weightsMb(config),
        more: { matmul_gflops: times.matmulRate, of_two_unembeddings: times.shareOfPlain },
      };
    },
  },
];
