/**
 * Where the operators of compiled models ran, from the profiles that ONNX Runtime writes. A device that lacks an operator
 * leaves it to the CPU, with a copy in and a copy out: what is worth knowing about a slow model.
 */
import { join } from "@std/path";
import { z } from "zod";

/** How many nodes of an operator ran on a device. */
export interface Placement {
  /** operator, e.g. "MatMul" */
  operator: string;
  /** ONNX Runtime's name of the device without "ExecutionProvider", e.g. "WebGpu", "CPU" */
  device: string;
  /** nodes of all models; a node that ran many times counts once */
  nodes: number;
}

const eventSchema = z.object({
  cat: z.string(),
  args: z.object({
    provider: z.string().optional(),
    op_name: z.string().optional(),
    node_index: z.string().optional(),
  }).optional(),
});

/**
 * Reads the profiles in a folder (`SessionOptions.profile`). Models must have been released: that writes them.
 * @returns placements by operator and device, sorted by name
 * @throws Error naming a profile that is not one.
 */
export async function readPlacements(folder: string): Promise<Placement[]> {
  const found = new Map<string, Placement>();
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".json")) continue;
    const path = join(folder, name);
    const seen = new Set<string>();
    for (const { cat, args } of eventsOf(path, await Deno.readTextFile(path))) {
      if (cat !== "Node" || !args?.provider || !args.op_name || seen.has(args.node_index!)) {
        continue;
      }
      seen.add(args.node_index!);
      const device = args.provider.replace(/ExecutionProvider$/, "");
      const key = `${args.op_name} ${device}`;
      const placement = found.get(key) ?? { operator: args.op_name, device, nodes: 0 };
      placement.nodes++;
      found.set(key, placement);
    }
  }
  return [...found.entries()].sort(([a], [b]) => a < b ? -1 : 1).map(([, placement]) => placement);
}

function eventsOf(path: string, text: string): z.output<typeof eventSchema>[] {
  try {
    return z.array(eventSchema).parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path}: expected a profile of ONNX Runtime`, { cause });
  }
}
