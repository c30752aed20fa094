import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "../tests/support/run_script.ts";
import { writeMadeUpHeads } from "./testing/made_up_heads.ts";

const plot = (script: string, ...args: string[]) => run(`plotting/${script}`, ...args);

/** Script → options, and the title of the page it makes. */
const COMMANDS: Record<string, { args: string[]; title: string }> = {
  figure_2: { args: ["--steps"], title: "Components over training: pythia-160m" },
  figure_3: { args: [], title: "Heads of one checkpoint in another" },
  figure_4: { args: [], title: "Algorithmic consistency" },
  head_scores: {
    args: ["--score", "induction", "--top", "2", "--fit"],
    title: "Head scores over training: pythia-160m",
  },
  head_heatmaps: { args: ["--score", "cspa"], title: "Head scores: pythia-160m" },
  head_scatter: {
    args: ["--x", "attention_s2", "--y", "direct_effect"],
    title: "Direct effect on logit difference against attention to S2: pythia-160m",
  },
  self_repair: { args: [], title: "Self-repair over training: pythia-160m" },
};

Deno.test("each head plot makes a page from a results folder", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeMadeUpHeads(folder);
    await Promise.all(
      Object.entries(COMMANDS).map(async ([script, { args, title }]) => {
        const page = `${folder}/${script}.html`;
        const { code, stdout, stderr } = await plot(script, folder, "--output", page, ...args);
        assertEquals([code, stderr], [0, ""], script);
        assertEquals(stdout.trim(), page);
        assertStringIncludes((await Deno.readTextFile(page)).slice(0, 500), `<title>${title}`);
      }),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the head plots report a user's mistakes in one line", async () => {
  const wrong = await Promise.all([
    plot("head_scores"),
    plot("head_heatmaps", "/nowhere"),
    plot("head_scatter", "/nowhere", "--named", "many"),
  ]);
  const said = ["found no paths", "found nothing at /nowhere", 'found "many"'];
  wrong.forEach(({ code, stderr }, i) => {
    assert(code > 0);
    assertStringIncludes(stderr, said[i]);
    assertEquals(stderr.trim().split("\n").length, 1, stderr);
  });
});
