/**
 * The model of an experiment and its checkpoints, resolved once from the settings: where it is, which steps it has, the
 * folder of each step, how a checkpoint is opened. Settings and models meet only here.
 */
import { isDryRun, scheduleSteps } from "../cli/mod.ts";
import { join } from "@std/path";
import { isFile, UserError } from "../base/mod.ts";
import {
  describeSteps,
  HookedModel,
  listLocalSteps,
  localCheckpoint,
  type ModelConfig,
  type ModelOptions,
  type ModelSource,
  modelSource,
  openCheckpoint,
  publishedSteps,
  resolveModel,
  Runtime,
  type RuntimeOptions,
  weightDigest,
} from "../model/mod.ts";
import { ResultPaths } from "../results/mod.ts";
import { MODEL_SCHEDULES, type ModelSettings } from "./model_keys.ts";

/** Bytes of weights up to which a checkpoint is read as a whole when it is opened. */
export const SMALL_MODEL = 1e9;

/** The model whose weights an experiment loads: the variant if the settings name one. */
export class ModelRef {
  /** as the settings name it */
  readonly name: string;
  /** a folder, or a repository on the Hub */
  readonly source: ModelSource;
  /** steps in the model's folder, ascending; undefined for a model on the Hub */
  readonly localSteps: readonly number[] | undefined;
  #published: readonly number[] | undefined;

  /** Resolves the model of the settings. @throws UserError if its name means nothing, listing the nearest names. */
  constructor(private readonly settings: ModelSettings) {
    this.name = modelName(settings);
    this.source = modelSource(this.name);
    this.localSteps = this.source.kind === "folder" ? listLocalSteps(this.source.dir) : undefined;
  }

  /**
   * Lists the steps that a model on the Hub publishes, if the schedule is one that takes them from there. Says how many
   * a suite has, since each is downloaded.
   * @throws Error naming the model if the Hub refuses the list.
   */
  async listPublished(): Promise<void> {
    const { source, settings: { ckpt_schedule, custom_schedule, cache_dir: cacheDir } } = this;
    const fromSuite = ckpt_schedule === "suite" || ckpt_schedule === "olmo";
    if (source.kind !== "hub" || custom_schedule.length > 0 || !fromSuite) return;
    this.#published = isDryRun()
      ? await plannedSteps(source.repo, cacheDir)
      : await publishedSteps(source.repo, { cacheDir });
    if (ckpt_schedule === "suite" && this.#published.length > 1) {
      console.log(
        `${this.name}: all ${this.#published.length} checkpoints on the Hub; sparse, exponential and other values of ` +
          "ckpt_schedule visit fewer",
      );
    }
  }

  /** Returns whether the suite of a folder is the one checkpoint in it, counted as step 0. */
  #isSingle(schedule: string): boolean {
    const { source, localSteps } = this;
    return schedule === "suite" && source.kind === "folder" && localSteps!.length === 0 &&
      isFile(join(source.dir, "config.json"));
  }

  /** @throws UserError if the folder has neither a model nor checkpoints. */
  #refuseOtherFolder(): void {
    const { source, name } = this;
    if (source.kind !== "folder" || isFile(join(source.dir, "config.json"))) return;
    const entries = [...Deno.readDirSync(source.dir)].map(({ name }) => name).sort();
    const found = entries.slice(0, 5).join(", ") + (entries.length > 5 ? ", …" : "");
    throw new UserError(
      `model: expected config.json, or folders of checkpoints (step0, checkpoint-0, …), in ${name}; found ${
        found || "an empty folder"
      }`,
      2,
    );
  }

  /**
   * Returns the training steps to visit, ascending.
   * @param key what the script calls the schedule
   * @throws UserError naming a step that a local model does not have, or a schedule without steps.
   */
  steps(key = "ckpt_schedule"): number[] {
    const { name } = this, suite = this.localSteps ?? this.#published;
    const { custom_schedule: custom, ckpt_schedule } = this.settings;
    const schedule = custom.length > 0 ? "custom" : ckpt_schedule;
    if (this.#isSingle(schedule)) return [0];
    if ((schedule === "suite" || schedule === "olmo") && !suite?.length) {
      this.#refuseOtherFolder();
      const others = MODEL_SCHEDULES.filter((s) => s !== "suite" && s !== "olmo").join(", ");
      throw new UserError(
        `${key}: "${schedule}" visits the checkpoints in a model folder or repository (step0, step1, …, checkpoint-0, … or ` +
          `step1000-tokens4B, …), but ${name} has none; choose one of ${others}`,
        2,
      );
    }
    if (schedule === "main") {
      if (suite?.length) {
        throw new UserError(
          `${key}: "main" is for models that have only one checkpoint; ${name} has ` +
            `${suite.length} steps; custom_schedule [${suite.at(-1)}] selects the last one`,
          2,
        );
      }
      return [0];
    }
    const steps = scheduleSteps(schedule, { custom, suite });
    const missing = suite && steps.find((step) => !suite.includes(step));
    if (missing !== undefined) {
      throw new UserError(
        `${key}: ${name} has no step ${missing}; ${describeSteps(`step${missing}`, suite!)}`,
        2,
      );
    }
    return steps;
  }

  /** Folder of downloaded models; undefined: Hugging Face's cache. */
  get cacheDir(): string | undefined {
    return this.settings.cache_dir;
  }

  /** Bytes of weights that may be in memory; undefined: all. */
  get memoryBudget(): number | undefined {
    const { memory_budget: budget } = this.settings;
    return budget && budget * 1e9;
  }

  /** Returns the name of a checkpoint's folder or branch. */
  revision(step: number): string {
    const { ckpt_schedule, custom_schedule } = this.settings;
    const schedule = custom_schedule.length > 0 ? "custom" : ckpt_schedule;
    const main = schedule === "main" || this.#isSingle(schedule);
    return main ? "main" : `step${step}`;
  }

  /** Returns the folder of a checkpoint; downloads it if needed. @throws Error as `resolveModel` does. */
  async folder(step: number, onProgress?: ModelOptions["onProgress"]): Promise<string> {
    const { cacheDir } = this, revision = this.revision(step);
    if (this.source.kind === "folder") return localCheckpoint(this.source.dir, revision);
    return await resolveModel(this.name, { revision, cacheDir, onProgress });
  }

  /**
   * Returns digests of the weights at these steps, for a model in a folder, where weights may be replaced; none for a
   * model on the Hub. Damaged weights have no digest: opening the checkpoint reports the damage if it is needed at all.
   */
  async weightDigests(steps: readonly number[]): Promise<Map<number, string>> {
    const found = new Map<number, string>();
    if (this.source.kind !== "folder") return found;
    for (const step of steps) {
      const folder = await this.folder(step);
      const files = await openCheckpoint(folder).catch(() => undefined);
      files?.close();
      const digest = files && await weightDigest(folder);
      if (digest !== undefined) found.set(step, digest);
    }
    return found;
  }

  /** Opens a checkpoint. Reads a small one completely, so that it is in memory when its turn comes. */
  async open(step: number, runtime: Runtime, options: ModelOptions = {}): Promise<HookedModel> {
    const folder = await this.folder(step, options.onProgress);
    const { memoryBudget } = this;
    const model = await HookedModel.load(folder, { ...options, runtime, memoryBudget });
    const small = model.weights.totalBytes < SMALL_MODEL && memoryBudget === undefined;
    if (small) await model.weights.load();
    return model;
  }

  /**
   * Returns one runtime for all checkpoints of a run, so that they share compiled sessions. A small model gets one thread:
   * its products are so short that threads would wait for each other longer than they compute.
   * @param options what is decided otherwise
   */
  runtime(
    { dModel }: Pick<ModelConfig, "dModel">,
    options: Pick<RuntimeOptions, "threads" | "arena" | "rehearsal"> = {},
  ): Runtime {
    const { device, threads } = this.settings;
    return new Runtime({ device, threads: threads ?? (dModel < 256 ? 1 : undefined), ...options });
  }
}

/** Returns the steps that a repository publishes; without a network those of Pythia, if it is one. */
async function plannedSteps(repo: string, cacheDir?: string): Promise<readonly number[]> {
  return await publishedSteps(repo, { cacheDir, hub: { attempts: 1, idleTimeout: 4000 } })
    .catch((error) => {
      if (!/^EleutherAI\/pythia-/.test(repo)) throw error;
      return scheduleSteps("all");
    });
}

/** Returns where the results of the settings' model are. */
export function resultPaths(
  settings: Pick<ModelSettings, "model" | "alt_model" | "results_dir">,
): ResultPaths {
  return new ResultPaths(settings.results_dir, modelName(settings));
}

function modelName({ model, alt_model }: Pick<ModelSettings, "model" | "alt_model">): string {
  return alt_model ?? model;
}
