/**
 * Shards of a run by hand: each alone, then the command without a shard, give the files of one run. The oracle is that run's
 * files, byte for byte.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { isFolder } from "../../utils/base/mod.ts";
import { digestsBelow } from "../support/digests.ts";
import { assertOneLine, inFolder, run } from "../support/run_script.ts";

/** A script and arguments that leave all results below a folder. */
type Sharded = [script: string, args: (out: string) => string[]];

const CASES: Sharded[] = [
  ["get_circuits_over_time", (out) => [
    ...["--custom-schedule", "1024,4096", "--n-prompts", "8", "--ig-steps", "2", "--transfer"],
    ...["--start", "20", "--end", "60", "--step", "20", "--no-pictures", "--threads", "1"],
    ...["--results-dir", out],
  ]],
  ["get_new_successor_head_scores_over_time", (out) => [
    ...["--custom-schedule", "1024,4096", "--threads", "1", "--results-dir", out],
  ]],
  ["train_transcoder", (out) => [
    ...["--checkpoints", "1024,4096", "--layers", "1", "--features", "64", "--k", "4"],
    ...[
      "--total-training-tokens",
      "4000",
      "--train-batch-size",
      "128",
      "--n-batches-in-buffer",
      "2",
    ],
    ...["--eval-tokens", "256", "--eval-fit-tokens", "256", "--threads", "1"],
    ...["--output-dir", join(out, "coders"), "--work-dir", join(out, "work")],
  ]],
  ["get_feature_circuits_over_time", (out) => [
    ...["configs/feature_circuits/pythia-nano.json", "--tasks", "ioi", "--n-prompts", "8"],
    ...["--custom-schedule", "4096,6144", "--threads", "1", "--results-dir", out],
    ...["--text-tokens", "1024"],
  ]],
];

for (const [script, args] of CASES) {
  Deno.test(`shards of ${script} and a run that collects leave the files of one run`, () =>
    inFolder(async (folder) => {
      const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
      const serial = await run(script, ...args(whole));
      assertEquals(serial.code, 0, serial.stderr);
      // more shards than checkpoints: one has nothing to do
      const shards = await Promise.all(
        [3, 1, 2].map((i) => run(script, ...args(parts), "--shard", `${i}/3`)),
      );
      for (const { code, stderr, stdout } of shards) {
        assertEquals(code, 0, stderr);
        assertMatch(stdout, /shard [1-3]\/3: [01] checkpoints?; the same command without --shard/);
      }
      const end = await run(script, ...args(parts));
      assertEquals(end.code, 0, end.stderr);
      assertMatch(end.stdout, /\d of \d checkpoints have results already/);
      assertEquals(await digestsBelow(parts), await digestsBelow(whole));
    }));
}

Deno.test("a shard that cannot be is refused in one line", () =>
  inFolder(async (folder) => {
    const of = (...more: string[]) =>
      run("get_circuits_over_time", "--results-dir", join(folder, "r"), ...more);
    const wrong = await of("--shard", "9/8");
    assertOneLine(wrong, 2, /shard: expected i\/n with i from 1 to n, such as 2\/8; found "9\/8"/);
    const fresh = await of("--shard", "1/8", "--overwrite");
    assertOneLine(fresh, 2, /a shard cannot start from scratch/);
    const warm = await run("train_transcoder", "--warm-start", "weights", "--shard", "1/2");
    assertOneLine(warm, 2, /coders start from those of the checkpoint before/);
    assertStringIncludes(warm.stderr, "warm_start weights");
    assertEquals(isFolder(join(folder, "r")), false);
  }));
