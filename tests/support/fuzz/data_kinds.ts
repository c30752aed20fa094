/** Circuits, and files of text and tokens. */
import { join } from "@std/path";
import { gzipSync } from "node:zlib";
import {
  circuitEdges,
  graphExtension,
  type GraphFormat,
  nBackward,
  nForward,
  readGraph,
  writeGraph,
} from "../../../utils/circuits/mod.ts";
import { readDocuments } from "../../../utils/text/documents.ts";
import { TokenFile } from "../../../utils/text/token_file.ts";
import type { FuzzKind } from "./kind.ts";
import {
  type Mutate,
  mutateBytes,
  mutateJson,
  mutateSafetensors,
  mutateText,
} from "./mutations.ts";

const SHAPE = { nLayers: 2, nHeads: 2, parallel: true };

function graphKind(format: GraphFormat): FuzzKind {
  const file = `7.${graphExtension(format)}`;
  return {
    file,
    async make(folder) {
      const n = nForward(SHAPE) * nBackward(SHAPE);
      const scores = Float64Array.from({ length: n }, (_, i) => Math.sin(i));
      const mask = Uint8Array.from({ length: n }, (_, i) => i % 3 === 0 ? 1 : 0);
      await writeGraph(join(folder, file), { shape: SHAPE, dModel: 4, scores, mask }, format);
    },
    mutate: format === "safetensors" ? mutateSafetensors : mutateJson,
    async read(folder) {
      const { shape, scores, mask } = await readGraph(join(folder, file));
      circuitEdges(shape, scores, mask);
    },
  };
}

async function documents(path: string): Promise<void> {
  for await (const { text } of readDocuments(path)) text.trim();
}

async function ids(path: string): Promise<void> {
  const file = await TokenFile.open(path);
  try {
    file.read(0, Math.min(file.count, 1000));
    file.read(Math.max(0, file.count - 3), Math.min(file.count, 3));
  } finally {
    file.close();
  }
}

function fileKind(
  file: string,
  files: Record<string, Uint8Array | string>,
  mutate: Mutate,
  read: (folder: string) => Promise<unknown>,
): FuzzKind {
  return {
    file,
    async make(folder) {
      for (const [name, content] of Object.entries(files)) {
        const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
        await Deno.writeFile(join(folder, name), bytes);
      }
    },
    mutate,
    read,
  };
}

const TEXT = '{"text": "one"}\n\n{"text": "two é"}\n';
const IDS = new Uint8Array(Uint16Array.from({ length: 12 }, (_, i) => i * 100).buffer);

/** A NumPy file of twelve ids. */
function npy(): Uint8Array {
  const header = "{'descr': '<u2', 'fortran_order': False, 'shape': (3, 4), }".padEnd(117) + "\n";
  const start = [0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length, 0];
  return new Uint8Array([...start, ...new TextEncoder().encode(header), ...IDS]);
}

/** An index of Megatron with two sequences of six ids. */
function megatron(): Uint8Array {
  const bytes = new Uint8Array(34 + 2 * 12 + 3 * 8);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("MMIDIDX\0\0"));
  view.setBigUint64(9, 1n, true);
  view.setUint8(17, 8);
  view.setBigUint64(18, 2n, true);
  view.setBigUint64(26, 3n, true);
  view.setInt32(34, 6, true);
  view.setInt32(38, 6, true);
  view.setBigInt64(50, 12n, true);
  return bytes;
}

const HEADER = { format: "circuits-over-time/tokens/1", dtype: "U16", tokens: 12 };

/** Kinds of circuits and text. */
export const DATA_KINDS: Record<string, FuzzKind> = {
  "graph file, version 1": graphKind(1),
  "graph file, version 2": graphKind(2),
  "graph file, tensors": graphKind("safetensors"),
  "text, JSON lines": fileKind(
    "t.jsonl",
    { "t.jsonl": TEXT },
    mutateText,
    (folder) => documents(join(folder, "t.jsonl")),
  ),
  "text, gzip": fileKind(
    "t.jsonl.gz",
    { "t.jsonl.gz": gzipSync(TEXT.repeat(20)) },
    mutateBytes,
    (folder) => documents(join(folder, "t.jsonl.gz")),
  ),
  "tokens, NumPy": fileKind(
    "t.npy",
    { "t.npy": npy() },
    mutateBytes,
    (folder) => ids(join(folder, "t.npy")),
  ),
  "tokens, index of Megatron": fileKind(
    "t.idx",
    { "t.idx": megatron(), "t.bin": IDS },
    mutateBytes,
    (folder) => ids(join(folder, "t.bin")),
  ),
  "tokens, header": fileKind(
    "t.json",
    { "t.json": JSON.stringify(HEADER), "t.bin": IDS },
    mutateJson,
    (folder) => ids(join(folder, "t.bin")),
  ),
};
