/** The evaluation at the end of `train_transcoder.ts`, against `evaluate_transcoder.ts` on the files that it wrote. */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { inFolder, run } from "../support/run_script.ts";
import { listLocalSteps } from "../../utils/model/mod.ts";
import { transcoderEvaluations } from "../../utils/results/mod.ts";

const LAST = listLocalSteps(new URL("../../models/pythia-nano", import.meta.url).pathname).at(-1)!;

Deno.test("the evaluation at the end equals evaluate_transcoder's, on the way it equals the alone protocol", () =>
  inFolder(async (folder) => {
    const [out, work] = [join(folder, "out"), join(folder, "work")];
    const args = [
      ...["--layers", "1,3", "--features", "96", "--k", "4", "--train-batch-size", "128"],
      ...["--total-training-tokens", "4000", "--store-batch-size", "8", "--threads", "1"],
      ...["--eval-tokens", "1024", "--eval-fit-tokens", "2048", "--eval-every", "31"],
      ...["--dtype", "float16", "--output-dir", out, "--work-dir", work],
    ];
    const trained = await run("train_transcoder", ...args);
    assertEquals(trained.code, 0, trained.stderr);
    assertMatch(
      trained.stdout,
      /held out: FVU [\d.]+ [\d.]+, Δ CE alone [-\d.]+ [-\d.]+, clean [-\d.]+, propagating [-\d.]+ \(real neurons [-\d.]+, FVU [\d.]+ [\d.]+\)/,
    );

    const evaluated = await run(
      "evaluate_transcoder",
      join(out, `step${LAST}`),
      ...["--model", "pythia-nano", "--step", String(LAST), "--tokens", "1024"],
      ...["--fit-tokens", "2048", "--threads", "1", "--results-dir", join(folder, "results")],
      ...["--name", "set"],
    );
    assertEquals(evaluated.code, 0, evaluated.stderr);
    const path = join(folder, "results/transcoders/pythia-nano/set/evaluation.json");
    const theirs = (await transcoderEvaluations.read(path)).entries.get(LAST);
    const collected = join(out, "held_out_evaluation.json");
    const { entries, header } = await transcoderEvaluations.read(collected);
    assertEquals(entries.get(LAST), theirs);
    assertEquals([...entries.keys()], [LAST]);
    assertEquals(header.model, "pythia-nano");
    const record = JSON.parse(await Deno.readTextFile(join(out, `step${LAST}/TRAINING.json`)));
    assertEquals(record.evaluation, theirs);
    assertEquals(record.evaluated_on, { eval_tokens: 1024, eval_fit_tokens: 2048 });

    // 31 steps: the one evaluation on the way is of the coders at the end, before they are rounded to float16.
    for (const [i, layer] of [1, 3].entries()) {
      const lines = (await Deno.readTextFile(join(work, `step${LAST}/layer_${layer}.jsonl`)))
        .trim().split("\n").map((line) => JSON.parse(line));
      const on = lines.filter((line) => line.ce_loss_with_sae !== undefined);
      assertEquals(on.map(({ step }) => step), [31]);
      const place = theirs!.coders.places[i];
      assertAlmostEquals(on[0].ce_loss_without_sae, theirs!.ce, 1e-6);
      assertAlmostEquals(on[0].ce_loss_with_sae, place.alone.ce, 2e-3);
      assertAlmostEquals(on[0].ce_loss_with_ablation, theirs!.floors.zero.places[i].alone.ce, 1e-6);
      assertAlmostEquals(on[0].CE_loss_score, place.alone.score_zero!, 2e-2);
      assertAlmostEquals(on[0].held_out_fvu, place.fvu, 2e-3);
    }

    // A collected file that is lost, as by a kill between two writes, comes back with the same bytes.
    const bytes = await Deno.readFile(collected);
    await Deno.remove(collected);
    const again = await run("train_transcoder", ...args);
    assertEquals(again.code, 0, again.stderr);
    assertEquals(await Deno.readFile(collected), bytes);
  }));

Deno.test("a file that training takes completely is not evaluated on, and the run says so", () =>
  inFolder(async (folder) => {
    const text = join(folder, "text.txt");
    const documents = Array.from(
      { length: 150 },
      (_, i) => `Mary gave John ${i} books. `.repeat(3),
    );
    await Deno.writeTextFile(text, documents.join("<|endoftext|>"));
    const train = (name: string, ...more: string[]) =>
      run(
        "train_transcoder",
        ...["--dataset-path", text, "--layers", "1", "--features", "32", "--k", "4"],
        ...["--context-size", "16", "--train-batch-size", "64", "--store-batch-size", "4"],
        ...["--n-batches-in-buffer", "4", "--threads", "1", "--eval-tokens", "256"],
        ...["--eval-fit-tokens", "256", "--output-dir", join(folder, name, "out")],
        ...["--work-dir", join(folder, name, "work"), ...more],
      );
    const few = await train("few", "--total-training-tokens", "1000");
    assertEquals(few.code, 0, few.stderr);
    assertMatch(few.stdout, /held out: FVU/);
    const all = await train("all", "--total-training-tokens", "30000");
    assertEquals(all.code, 0, all.stderr);
    assertMatch(all.stdout, /no evaluation: training takes all of .*text.txt; give .* eval_text/);
    assert(!all.stdout.includes("held out:"));
    const other = await train(
      "all",
      "--total-training-tokens",
      "30000",
      "--eval-text",
      text,
      "--overwrite",
    );
    assertEquals(other.code, 0, other.stderr);
    assertMatch(other.stdout, /held out: FVU/);
  }));
