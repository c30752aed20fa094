/** Compares what we compute with what the field's implementations computed on reference cases. */
import { Command, Option } from "@commander-js/extra-typings";
import { formatTable, hasColors } from "./utils/cli/mod.ts";
import { Runtime } from "./utils/model/mod.ts";
import { type Device, DEVICES, type Placement, readPlacements } from "./utils/onnx/mod.ts";
import { caseVerdicts, type Verdict } from "./utils/verify/mod.ts";

interface Options {
  json?: true;
  only?: string;
  device: Device;
  operators?: true;
}

/** Prints the verdicts of all cases; returns the exit code. */
async function verify(dirs: string[], { json, only, device, operators }: Options) {
  const profile = operators ? await Deno.makeTempDir() : undefined;
  const runtime = device === "cpu" && !operators ? undefined : new Runtime({ device, profile });
  const all: Verdict[] = [];
  for (const dir of dirs) {
    for await (const verdict of caseVerdicts(dir, { only, runtime })) {
      all.push(verdict);
      if (!json) continue;
      const { quantity, error, tolerance, ok } = verdict;
      console.log(JSON.stringify({ case: dir, quantity, error, tolerance, ok }));
    }
  }
  await runtime?.close();
  if (profile !== undefined) {
    printPlacements(await readPlacements(profile));
    await Deno.remove(profile, { recursive: true });
  }
  const compared = all.filter((v) => v.ok !== null);
  const wrong = compared.filter((v) => !v.ok);
  if (!json) printVerdicts(all);
  else for (const { quantity, note } of wrong) if (note) console.error(`${quantity}: ${note}`);
  const summary = `${compared.length - wrong.length} of ${compared.length} compared quantities ` +
    `within tolerance, ${all.length - compared.length} not compared`;
  console.error(summary);
  return wrong.length > 0 || compared.length === 0 ? 1 : 0;
}

function printPlacements(placements: readonly Placement[]) {
  console.error(formatTable<Placement>(
    [
      { header: "operator", value: (p) => p.operator },
      { header: "ran on", value: (p) => p.device },
      { header: "nodes", value: (p) => p.nodes, align: "right" },
    ],
    placements,
    { colors: hasColors(Deno.stderr) },
  ));
}

function printVerdicts(all: readonly Verdict[]) {
  const number = (x: number | null) => x === null ? null : x.toExponential(1);
  console.log(formatTable<Verdict>(
    [
      { header: "case", value: (v) => v.case },
      { header: "quantity", value: (v) => v.quantity },
      { header: "error", value: (v) => number(v.error), align: "right" },
      { header: "tolerance", value: (v) => number(v.tolerance), align: "right" },
      { header: "verdict", value: (v) => v.note ?? (v.ok ? "ok" : "OUT") },
    ],
    all,
    { colors: hasColors(Deno.stdout) },
  ));
}

if (import.meta.main) {
  const command = new Command()
    .name("deno run -A verify_against_reference.ts")
    .description(
      "Computes every value in the reference files of a case (DIR/model, DIR/prompts.json, DIR/expected.safetensors,\n" +
        "DIR/heads.safetensors; for transcoders DIR/transcoders, DIR/forward.json, DIR/forward.safetensors, DIR/training.*, DIR/graphs.*, and the model in\n" +
        "DIR/model or DIR/../../NAME/model) and compares: error = max|ours − reference| / max|reference|. Exit code 1 if any is out.",
    )
    .argument("<dir...>", "folders of reference cases")
    .option("--json", 'one line of JSON per quantity; "ok": null where it is not implemented')
    .option("--only <prefix>", "only quantities whose names begin so, e.g. logits.")
    .addOption(
      new Option("--device <name>", "where to compute; other devices than cpu may miss by 1e-4")
        .choices(DEVICES).default("cpu" as const),
    )
    .option(
      "--operators",
      "list on stderr which operators ran where: those that a device lacks run on the CPU",
    )
    .parse(Deno.args, { from: "user" });
  try {
    Deno.exit(await verify(command.args, command.opts()));
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    Deno.exit(1);
  }
}
