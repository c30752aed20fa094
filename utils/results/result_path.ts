/** Where results are: the tree of the original project, `results/{kind}/{model}/…`, with JSON instead of pickles. */
import { isFile } from "../base/mod.ts";
import { basename, dirname, join, resolve } from "@std/path";

/**
 * Returns the folder name of a model: a Hugging Face id without its owner ("EleutherAI/pythia-160m-seed1" →
 * "pythia-160m-seed1"), a local folder's own name, or its parent's if the folder is one checkpoint ("step1000").
 * Replaces characters that are awkward in file names by "_".
 * @throws Error if nothing is left of the name.
 */
export function modelFolder(model: string): string {
  let name = basename(model);
  if (/^\.*$/.test(name)) name = basename(resolve(model));
  if (/^step\d+$/.test(name)) name = basename(dirname(resolve(model)));
  name = name.replaceAll(/[^\p{L}\p{N}._-]+/gu, "_").replaceAll(/^[._]+|_+$/g, "");
  if (name === "") {
    throw new Error(`cannot derive a folder name of the model ${JSON.stringify(model)}`);
  }
  return name;
}

/** Paths of one model's results under `root`. */
export class ResultPaths {
  /** folder name of the model */
  readonly model: string;

  /**
   * Derives the paths of a model.
   * @param root the results folder, e.g. "results"
   * @param model name, Hugging Face id or local folder of the model
   */
  constructor(readonly root: string, model: string) {
    this.model = modelFolder(model);
  }

  /** circuit of one checkpoint, in EAP-IG's format or as tensors: `graphs/{model}/{task}/raw/{step}.json` */
  graph(task: string, step: number, extension: "json" | "safetensors" = "json"): string {
    return this.#at("graphs", task, "raw", `${step}.${extension}`);
  }

  /** the file of a circuit that is there; the path of the JSON file if there is none */
  storedGraph(task: string, step: number): string {
    const tensors = this.graph(task, step, "safetensors");
    const json = this.graph(task, step);
    return isFile(tensors) && !isFile(json) ? tensors : json;
  }

  /** circuits of all checkpoints, with curves and comparison: `graphs/{model}/{task}/summary.json` */
  summary(task: string): string {
    return this.#at("graphs", task, "summary.json");
  }

  /** faithfulness of each circuit in each checkpoint's model: `graphs/{model}/{task}/transfer.json` */
  transfer(task: string): string {
    return this.#at("graphs", task, "transfer.json");
  }

  /** attention patterns on a task's prompts: `graphs/{model}/{task}/attention.json` */
  attention(task: string): string {
    return this.#at("graphs", task, "attention.json");
  }

  /** edge table over all checkpoints: `graphs/{model}/{task}/in_circuit_edges.feather` */
  inCircuitEdges(task: string): string {
    return this.#at("graphs", task, "in_circuit_edges.feather");
  }

  /** the explorer page: `graphs/{model}/{task}/explorer.html` */
  explorer(task: string): string {
    return this.#at("graphs", task, "explorer.html");
  }

  /** picture of one checkpoint's circuit: `images/{model}/{task}/{step}.{extension}` */
  image(task: string, step: number, extension: "svg" | "png"): string {
    return this.#at("images", task, `${step}.${extension}`);
  }

  /** folder of the attribution graphs of one checkpoint: `attribution_graphs/{model}/step{step}` */
  attributionGraphs(step: number): string {
    return this.#at("attribution_graphs", `step${step}`);
  }

  /** dashboards of the features of one checkpoint: `dashboards/{model}/step{step}/dashboards.json` */
  dashboards(step: number | string): string {
    return this.#at("dashboards", `step${step}`, "dashboards.json");
  }

  /** an analysis of paths between features: `feature_paths/{model}/step{step}/{name}.json` */
  featurePaths(step: number, name: string): string {
    return this.#at("feature_paths", `step${step}`, `${name}.json`);
  }

  /** faithfulness by size: `faithfulness/{model}/{task}/{step}.json` */
  faithfulness(task: string, step: number): string {
    return this.#at("faithfulness", task, `${step}.json`);
  }

  /** metric of the whole model by step: `baselines/{model}/{task}.json` */
  baselines(task: string): string {
    return this.#at("baselines", `${task}.json`);
  }

  /** head scores over training: `components/{model}/{name}.json`, e.g. name "full_model_components_over_time" */
  components(name: string): string {
    return this.#at("components", `${name}.json`);
  }

  /** `cspa/{model}/all_checkpoints.json` */
  cspa(): string {
    return this.#at("cspa", "all_checkpoints.json");
  }

  /** `algorithmic_consistency/{task}/{model}.json` */
  algorithmicConsistency(task: string): string {
    return join(this.root, "algorithmic_consistency", task, `${this.model}.json`);
  }

  /** `circuit_verification/{model}/{task}.json` */
  circuitVerification(task: string): string {
    return this.#at("circuit_verification", `${task}.json`);
  }

  /** self-repair after ablation: `backup/{model}/{name}.json` */
  backup(name = "nmh_backup_metrics"): string {
    return this.#at("backup", `${name}.json`);
  }

  /** component swaps between checkpoints: `comp_swap/{model}/{name}.json` */
  componentSwap(name: string): string {
    return this.#at("comp_swap", `${name}.json`);
  }

  /** metrics of all tasks: `task_performance/{model}.json` */
  taskPerformance(): string {
    return join(this.root, "task_performance", `${this.model}.json`);
  }

  /** quality of a set of transcoders by step: `transcoders/{model}/{name}/evaluation.json` */
  transcoderEvaluation(name: string): string {
    return this.#at("transcoders", name, "evaluation.json");
  }

  /** how well graphs of features predict interventions: `feature_circuits/{model}/{task}/judgement.json` */
  graphJudgement(task: string): string {
    return this.#at("feature_circuits", task, "judgement.json");
  }

  /** circuits of a task in features, or their formation: `feature_circuits/{model}/{task}/{set}/{name}.json` */
  featureCircuits(task: string, set = "main", name: "circuits" | "formation"): string {
    return this.#at("feature_circuits", task, set, `${name}.json`);
  }

  /** identity of features over checkpoints: `feature_circuits/{model}/identity/{set}.json` */
  featureIdentity(set: string): string {
    return this.#at("feature_circuits", "identity", `${set}.json`);
  }

  /** arms of a sweep of transcoders by step: `transcoders/{model}/{name}/sweep.json` */
  transcoderSweep(name = "sweep"): string {
    return this.#at("transcoders", name, "sweep.json");
  }

  #at(kind: string, ...rest: string[]): string {
    return join(this.root, kind, this.model, ...rest);
  }
}
