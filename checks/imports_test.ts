import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkImports, importsOf, MOST_FILES, MOST_LINES } from "./imports.ts";

/** Faults of a tree given as path → text; every folder of `utils` gets a door unless the tree has one. */
function faults(tree: Record<string, string>): string[] {
  const sources = Object.entries(tree).map(([path, text]) => ({ path, text }));
  for (const { path } of [...sources]) {
    const door = path.replace(/[^/]+$/, "mod.ts");
    if (path.startsWith("utils/") && !sources.some((s) => s.path === door)) {
      sources.push({ path: door, text: "" });
    }
  }
  return checkImports(sources);
}

Deno.test("an import of a lower floor through its door is in order", () => {
  const tree = {
    "utils/onnx/mod.ts": 'export { f } from "./f.ts";\n',
    "utils/onnx/f.ts": "export const f = 1;\n",
    "utils/model/run.ts": 'import { f } from "../onnx/mod.ts";\n',
  };
  assertEquals(faults(tree), []);
});

Deno.test("an import of a higher floor is refused, naming both files, type imports too", () => {
  const found = faults({
    "utils/onnx/f.ts": 'import type { M } from "../model/mod.ts";\n',
    "utils/model/mod.ts": "export type M = 1;\n",
  });
  assertEquals(found.length, 1);
  assertStringIncludes(found[0], "utils/onnx/f.ts:1 imports upwards: utils/model/mod.ts");
});

Deno.test("an import past a door is refused, from outside and between sub-folders", () => {
  const tree = {
    "utils/model/files/reader.ts": "export const r = 1;\n",
    "utils/model/run/stack.ts": 'import {\n  r,\n} from "../files/reader.ts";\n',
    "utils/tasks/task.ts": 'export { r } from "../model/files/mod.ts";\n',
    "utils/model/mod.ts": "",
  };
  assertEquals(faults(tree), [
    "utils/model/run/stack.ts:3 imports past a door: utils/model/files/reader.ts; import from utils/model/files/mod.ts",
    "utils/tasks/task.ts:1 imports past a door: utils/model/files/mod.ts; import from utils/model/mod.ts",
  ]);
});

Deno.test("a sub-folder imports the files of the folder around it directly", () => {
  const tree = {
    "utils/heads/head.ts": "export const h = 1;\n",
    "utils/heads/scores/copy.ts": 'import { h } from "../head.ts";\n',
  };
  assertEquals(faults(tree), []);
});

Deno.test("a circle of imports is named file by file", () => {
  const found = faults({
    "utils/onnx/a.ts": 'import type { B } from "./b.ts";\n',
    "utils/onnx/b.ts": 'import { c } from "./c.ts";\n',
    "utils/onnx/c.ts": 'export { a } from "./a.ts";\n',
  });
  assertEquals(found, [
    "circle of imports: utils/onnx/a.ts → utils/onnx/b.ts → utils/onnx/c.ts → utils/onnx/a.ts",
  ]);
});

Deno.test("a dynamic import counts, one in a comment does not", () => {
  const text = '/**\n * import { x } from "./x.ts";\n */\nconst m = await import("./y.ts");\n';
  assertEquals(importsOf({ path: "utils/onnx/a.ts", text }), [
    { from: "utils/onnx/a.ts", to: "utils/onnx/y.ts", line: 4 },
  ]);
});

Deno.test("plotting imports no model", () => {
  const found = faults({
    "plotting/figure.ts": 'import { m } from "../utils/model/mod.ts";\n',
    "utils/model/mod.ts": "",
  });
  assertEquals(found.length, 1);
  assertStringIncludes(found[0], "plotting/figure.ts:1 imports utils/model/mod.ts");
});

Deno.test("tests look past doors; source files do not import tests", () => {
  const found = faults({
    "utils/onnx/f.ts": 'import { t } from "./f_test.ts";\n',
    "utils/onnx/f_test.ts": 'import { r } from "../model/files/reader.ts";\n',
    "utils/model/files/reader.ts": "",
    "utils/model/mod.ts": "",
  });
  assertEquals(found, ["utils/onnx/f.ts:1 imports a test: utils/onnx/f_test.ts"]);
});

Deno.test("crowded folders, long files, folders without a door and unknown rooms are named", () => {
  const crowd = Object.fromEntries(
    Array.from({ length: MOST_FILES + 1 }, (_, i) => [`plotting/figures/f${i}.ts`, "\n"]),
  );
  const long = { "bench/long.ts": "\n".repeat(MOST_LINES + 1) };
  assertEquals(
    checkImports(
      Object.entries({ ...crowd, ...long, "utils/onnx/f.ts": "", "utils/cellar/x.ts": "" })
        .map(([path, text]) => ({ path, text })),
    ),
    [
      "utils/cellar/x.ts is on no floor: add its room to FLOORS",
      `bench/long.ts has ${MOST_LINES + 1} lines; at most ${MOST_LINES} are expected`,
      `plotting/figures has ${MOST_FILES + 1} source files; at most ${MOST_FILES} are expected`,
      "utils/onnx has no mod.ts",
      "utils/cellar has no mod.ts",
    ],
  );
});
