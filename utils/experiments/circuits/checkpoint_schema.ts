/** The layout of a checkpoint's entry in summary.json, against which the entries of an earlier run are checked. */
import { z } from "zod";
import type { CheckpointSummary } from "../../results/circuit_summary.ts";

const point = z.object({
  size: z.number(),
  edges: z.number(),
  faithfulness: z.number(),
  normalized: z.number(),
});

const edge = z.object({
  source: z.string(),
  target: z.string(),
  letter: z.enum(["q", "k", "v"]).nullable(),
  score: z.number(),
  interval: z.tuple([z.number(), z.number()]).optional(),
});

export const checkpointSchema: z.ZodType<CheckpointSummary> = z.object({
  step: z.int().min(0),
  baseline: z.number(),
  corrupted: z.number(),
  size: z.number(),
  edges: z.number(),
  nodes: z.array(z.string()),
  circuit: z.array(edge),
  faithfulness: z.number(),
  normalized: z.number(),
  curve: z.array(point),
  random: z.array(point),
  cpr: z.number().optional(),
  cmd: z.number().optional(),
  completeness: z.object({
    sum: z.number(),
    change: z.number(),
    missing: z.number().optional(),
  }),
  stability: z.number().optional(),
});
