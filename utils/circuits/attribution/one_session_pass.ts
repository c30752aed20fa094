/** Runs a gradient pass over a whole model in one session. The results equal those of `layerwise_pass.ts` bit for bit. */
import { defineProgram, type Feeds, type Results } from "../../onnx/mod.ts";
import { type HookedModel, metricFeeds } from "../../model/mod.ts";
import type { EdgeContraction } from "./edge_contraction.ts";
import { compileModelProgram } from "./ig/mod.ts";
import type { Pass, PassFeeds } from "./pass_feeds.ts";

const modelProgram = defineProgram("ig model", compileModelProgram);

/** Runs gradient passes with one session for all layers. */
export class OneSessionPass {
  constructor(
    private readonly model: HookedModel,
    private readonly feeds: PassFeeds,
    private readonly contraction: EdgeContraction,
  ) {}

  /** Runs a pass in which only the input moves, and scores its edges, nodes and neurons. */
  async run(pass: Pass): Promise<void> {
    const { config, runtime, weights } = this.model;
    const readout = this.feeds.readout(pass);
    const program = await modelProgram(runtime, config, {
      past: this.feeds.hasPast,
      still: this.feeds.startsStill(pass.component),
      metric: this.model.metricSpec(readout),
    });
    const feeds: Feeds = {
      ...await this.feeds.start(pass),
      ...this.feeds.sequence(),
      ...metricFeeds(readout),
      ...await weights.unembedding(),
      ...await weights.allLayers(),
    };
    for (let l = 0; l < config.nLayers; l++) Object.assign(feeds, this.feeds.past(pass, l, l));
    const { d_end, ...results } = await program.run(feeds);
    await this.contraction.atEnd(pass, d_end);
    for (let l = config.nLayers - 1; l >= 0; l--) {
      await this.contraction.ofLayer(pass, l, partOf(results, `${l}.`));
    }
  }
}

/** Returns the results whose names begin with `prefix`, and removes the prefix from their names. */
function partOf(results: Results, prefix: string): Results {
  return Object.fromEntries(
    Object.entries(results).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : []
    ),
  );
}
