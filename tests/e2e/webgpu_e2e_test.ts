/**
 * Computing on WebGPU. Without a graphics card it uses Chromium's software driver (SwiftShader): the same provider, the same
 * shaders. The oracles are reference values and the CPU. Skipped, with the reason, where the driver or Vulkan's loader is
 * missing.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { isFile } from "../../utils/base/mod.ts";
import { inFolder, run } from "../support/run_script.ts";

const DRIVER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const LOADERS = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"];
const missing = isFile(DRIVER)
  ? LOADERS.some((folder) => isFile(join(folder, "libvulkan.so.1")))
    ? undefined
    : "libvulkan.so.1 is missing (package libvulkan1)"
  : `${DRIVER} is missing (package chromium)`;
if (missing !== undefined) console.log(`the tests on WebGPU are skipped: ${missing}`);

/** Has the scripts of this process find the software driver. */
async function withDriver(use: (folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    Deno.env.set("VK_ICD_FILENAMES", DRIVER);
    Deno.env.set("VK_DRIVER_FILES", DRIVER);
    if (!Deno.env.has("XDG_RUNTIME_DIR")) Deno.env.set("XDG_RUNTIME_DIR", folder);
    await use(folder);
  });
}

const where = { ignore: missing !== undefined };

Deno.test(
  "logits of a reference case are right on WebGPU, and a list says which operators ran elsewhere",
  where,
  () =>
    withDriver(async () => {
      const { code, stdout, stderr } = await run(
        "verify_against_reference",
        ...["tests/reference/neox", "--device", "webgpu", "--operators"],
        ...["--only", "logits", "--json"],
      );
      assertEquals(code, 0, stderr);
      const rows = stdout.trim().split("\n").map((line) => JSON.parse(line));
      assertEquals(rows.map(({ tolerance, ok }) => [tolerance, ok]), Array(2).fill([1e-4, true]));
      assertMatch(stderr, /MatMul +WebGpu +[1-9]/);
      assertMatch(stderr, /Concat +CPU +[1-9]/);
      assert(!/MatMul +CPU/.test(stderr), stderr);
    }),
);

Deno.test(
  "the main job on WebGPU gives the CPU's scores to 1e-5, and the same circuit",
  where,
  () =>
    withDriver(async (folder) => {
      const graphs = [];
      for (const device of ["cpu", "webgpu"]) {
        const end = await run(
          "get_circuits_over_time",
          ...["--custom-schedule", "6144", "--n-prompts", "2", "--ig-steps", "2", "--no-pictures"],
          ...["--start", "60", "--end", "60", "--step", "20", "--no-verify", "--bootstrap", "1"],
          ...["--device", device, "--results-dir", join(folder, device)],
        );
        assertEquals(end.code, 0, end.stderr);
        const path = join(folder, device, "graphs/pythia-nano/ioi/raw/6144.json");
        graphs.push(JSON.parse(await Deno.readTextFile(path)));
      }
      type Edges = Record<string, { score: number; in_graph: boolean }>;
      const [cpu, gpu] = graphs.map(({ edges }) => edges as Edges);
      const names = Object.keys(cpu);
      assertEquals(Object.keys(gpu), names);
      const largest = Math.max(...names.map((name) => Math.abs(cpu[name].score)));
      const error = Math.max(...names.map((name) => Math.abs(cpu[name].score - gpu[name].score)));
      assert(error <= 1e-5 * largest, `${error} of ${largest}`);
      assert(error > 0, "the CPU computed both");
      assertEquals(
        names.filter((name) => gpu[name].in_graph),
        names.filter((name) => cpu[name].in_graph),
      );
    }),
);
