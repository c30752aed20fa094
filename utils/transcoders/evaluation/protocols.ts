/**
 * What stand-ins cost the model under three protocols. They differ by up to ten times, so all three are always measured
 * (Bushnaq et al. 2026):
 *
 *     alone         one place is taken, the rest of the model runs as it is; one number per place
 *     clean         all places are taken at once; each stand-in reads what the clean model gives it, so that no stand-in
 *                   sees the errors of those below, and all errors add up in the residual stream
 *     propagating   all places are taken at once; each stand-in reads what the replaced model gives it
 *
 * In all of them a stand-in's output takes the place of the value at the coder's output hook, at the positions that count.
 */
import type { HookedModel, RunOptions } from "../../model/mod.ts";
import type { CoderConfig } from "../coder.ts";
import type { CleanLogits } from "./clean_run.ts";
import { givenOutputs, type StandIn, type StandInOutput } from "./stand_in.ts";
import { LossMeter, type TokenLosses } from "./token_losses.ts";

/** Losses under the three protocols; see the header. */
export interface ProtocolLosses<Losses = TokenLosses> {
  /** one per place */
  alone: Losses[];
  /** all places, clean inputs */
  clean: Losses;
  /** all places, errors propagate */
  propagating: Losses;
}

/** Adds up the losses of a stand-in over batches. */
export class ProtocolMeter {
  readonly #alone: LossMeter[];
  readonly #clean: LossMeter;
  readonly #propagating: LossMeter;

  /** Takes the coders' settings, which name the places, and what takes them. */
  constructor(
    private readonly model: HookedModel,
    private readonly configs: readonly CoderConfig[],
    private readonly standIn: StandIn,
  ) {
    const meter = () => new LossMeter(model.runtime);
    [this.#alone, this.#clean, this.#propagating] = [configs.map(meter), meter(), meter()];
  }

  /** Runs a batch under every protocol. `outputs` are what the stand-in gives for the clean model's inputs. */
  async add(clean: CleanLogits, outputs: readonly StandInOutput[]): Promise<void> {
    const { configs, standIn } = this;
    const given = outputs.map(({ output }) => output);
    const run = async (meter: LossMeter, options: RunOptions) => {
      const replaced = await this.model.allLogits(clean.rows.prompts, options);
      await meter.add(clean.rows.prompts, clean.logits, replaced, clean.rows.counted);
    };
    for (const [i, meter] of this.#alone.entries()) {
      await run(meter, givenOutputs([configs[i]], [given[i]], clean));
    }
    await run(this.#clean, givenOutputs(configs, given, clean));
    if (!standIn.readsNothing) await run(this.#propagating, await standIn.propagating(clean));
  }

  /** Returns the losses over all batches so far. */
  losses(): ProtocolLosses {
    const clean = this.#clean.losses();
    return {
      alone: this.#alone.map((meter) => meter.losses()),
      clean,
      propagating: this.standIn.readsNothing ? clean : this.#propagating.losses(),
    };
  }
}
