/**
 * Turns the page's TypeScript into one script, without a bundler:
 *
 * 1. strip the types (Node's own eraser; type-only imports vanish with them);
 * 2. from the entry file, follow `import { … } from "./x.ts"` depth first, so that a module comes after those it needs;
 * 3. each module becomes a function called once, `const x = (() => { …; return { exports }; })();`, and an import a
 *    destructuring of that constant.
 */
import { stripTypeScriptTypes } from "node:module";

const IMPORT = /^import\s+(?:\{([^}]*)\}\s+from\s+)?"([^"]+)";[ \t]*$/gm;
const EXPORT = /^export\s+((?:async\s+)?(?:function\*?|const|class)\s+([\w$]+))/gm;

/** The script of `entry` and everything it imports. Throws on imports from outside the page's modules and on circles. */
export function bundleClient(entry: URL): string {
  const names = new Map<string, string>();
  const open = new Set<string>();
  const parts: string[] = [];

  function visit(url: URL): string {
    const known = names.get(url.href);
    if (known) return known;
    if (open.has(url.href)) {
      throw new Error(`${url.pathname}: this module imports itself in a circle`);
    }
    open.add(url.href);
    const exported: string[] = [];
    const body = stripTypeScriptTypes(Deno.readTextFileSync(url))
      .replace(IMPORT, (_, list: string | undefined, path: string) => {
        if (!path.startsWith(".")) {
          throw new Error(
            `${url.pathname}: the page can only use its own modules, found "${path}"`,
          );
        }
        const module = visit(new URL(path, url));
        const wanted = (list ?? "").split(",").map((name) => name.trim()).filter(Boolean);
        return `const { ${wanted.join(", ").replaceAll(" as ", ": ")} } = ${module};`;
      })
      .replace(EXPORT, (_, declaration: string, name: string) => {
        exported.push(name);
        return declaration;
      })
      .replace(/[ \t]+$/gm, "").replace(/\n{3,}/g, "\n\n").trim();
    const name = `module_${names.size}_${url.pathname.match(/(\w+)\.ts$/)?.[1] ?? ""}`;
    names.set(url.href, name);
    parts.push(`const ${name} = (() => {\n${body}\nreturn { ${exported.join(", ")} };\n})();`);
    return name;
  }

  visit(entry);
  return parts.join("\n\n").replaceAll("</script", "<\\/script");
}
