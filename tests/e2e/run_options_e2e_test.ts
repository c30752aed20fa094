/** Options that every script has from its frame. `utils/cli/script_e2e_test.ts` tests the others on a toy. */
import { assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { isThere } from "../../utils/base/mod.ts";
import { SCRIPTS } from "../../update_config_schemas.ts";
import { configKeys } from "../../utils/cli/config_schema.ts";
import { HELP_GROUPS, helpGroup } from "../../utils/cli/help_groups.ts";
import { digestsBelow } from "../support/digests.ts";
import { inFolder, run } from "../support/run_script.ts";

Deno.test("--dry-run says what is there and what is to do, and changes nothing", () =>
  inFolder(async (folder) => {
    const out = `${folder}/out`, script = "get_new_successor_head_scores_over_time";
    const flags = ["--threads", "1", "--results-dir", out, "--custom-schedule"];
    const first = await run(script, ...flags, "0,1024", "--dry-run");
    assertEquals([first.code, isThere(out)], [0, false]);
    assertStringIncludes(first.stdout, "2 checkpoints to measure: 0, 1024\n");
    assertStringIncludes(first.stdout, "successor_heads_over_time.json (new)\n");
    assertEquals((await run(script, ...flags, "0")).code, 0);
    const before = await digestsBelow(out);
    const second = await run(script, ...flags, "0,1024", "--dry-run");
    assertStringIncludes(
      second.stdout,
      "1 checkpoint to measure: 1024\n1 checkpoint with results: 0",
    );
    const scratch = await run(script, ...flags, "0,1024", "--dry-run", "--overwrite");
    assertStringIncludes(scratch.stdout, "2 checkpoints to measure");
    assertMatch(second.stdout, /\nestimate: .*, memory .*, results .*, downloads none\n/);
    const planned = await run(script, ...flags, "0,1024", "--estimate", "--json");
    const { estimate, exit_code } = JSON.parse(planned.stdout);
    assertEquals([exit_code, estimate.checkpoints, estimate.download_bytes], [0, 1, 0]);
    const [, file] = /results in (\S+)/.exec(first.stdout)!;
    // the file would have two entries of about equal size
    assertAlmostEquals(estimate.disk_bytes / Deno.statSync(file).size, 2, 0.5);
    assertEquals(await digestsBelow(out), before);

    const train = ["configs/transcoders/pythia-nano.json", "--ckpt-schedule", "suite"];
    const dirs = ["--output-dir", `${folder}/coders`, "--work-dir", `${folder}/work`];
    const coders = await run("train_transcoder", ...train, ...dirs, "--dry-run");
    assertStringIncludes(coders.stdout, "18 checkpoints to measure: 0, 1, 2, ");
    assertStringIncludes(coders.stdout, "no estimate: ");
    assertEquals([isThere(`${folder}/coders`), isThere(`${folder}/work`)], [false, false]);
    const refused = await run("train_transcoder", ...train, ...dirs, "--estimate");
    assertMatch(refused.stderr, /unknown option '--estimate'/);
  }));

Deno.test("every heading of --help but the method's has keys of a script", () => {
  const keys = SCRIPTS.flatMap(({ schema }) => [...configKeys(schema).keys()]);
  const used = new Set(keys.map(helpGroup));
  assertEquals(HELP_GROUPS.filter((group) => !used.has(group)), []);
});

Deno.test("list.ts lists tasks, models, schedules and configs", async () => {
  const { code, stdout } = await run("list", "--json");
  assertEquals(code, 0);
  const [tasks, models, schedules, configs] = JSON.parse(stdout).tables;
  assertEquals(tasks[0], {
    ...{ task: "ioi", metric: "logit_diff" },
    ...{ "prompts for a circuit": 70, "prompts for performance": 70 },
  });
  const all = schedules.find(({ schedule }: { schedule: string }) => schedule === "all");
  assertEquals(all.checkpoints, 154); // as Pythia publishes
  const names = models.map((row: Record<string, string>) => row["model in this repository"]);
  assertEquals(names.includes("pythia-nano"), true);
  const ioi = { config: "configs/pythia-nano_ioi.json", script: "get_circuits_over_time.ts" };
  assertEquals(configs.filter(({ config }: typeof ioi) => config === ioi.config), [ioi]);
});

Deno.test({
  name: "--open opens the page of a run with the system's program",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inFolder(async (folder) => {
      const opened = `${folder}/opened`;
      await Deno.writeTextFile(`${folder}/xdg-open`, `#!/bin/sh\necho "$1" > ${opened}\n`);
      await Deno.chmod(`${folder}/xdg-open`, 0o755);
      const { code } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "-A", "get_circuits_over_time.ts", "--open", "--no-pictures", "--quiet"],
          ...["--custom-schedule", "6144", "--n-prompts", "4", "--ig-steps", "1", "--no-verify"],
          ...["--no-random-baseline", "--threads", "1", "--results-dir", folder],
        ],
        cwd: new URL("../../", import.meta.url),
        env: { PATH: `${folder}:${Deno.env.get("PATH")}` },
      }).output();
      assertEquals(code, 0);
      const page = `file://${await Deno.realPath(folder)}/graphs/pythia-nano/ioi/explorer.html`;
      assertEquals((await Deno.readTextFile(opened)).trim(), page);
    }),
});
