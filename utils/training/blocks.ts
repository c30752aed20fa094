/**
 * Divides a run's parameters into blocks, the units that the optimiser works on. Neighbouring small tensors are joined into
 * one vector, so that a model of many small tensors costs a handful of operators instead of a dozen per tensor. A large
 * tensor is a block by itself.
 *
 * A block is a contiguous part of the run's vector, so feeding it copies nothing. In the graph a joined block is cut into
 * its tensors for the objective, and their gradients are joined again.
 */
import { concat, reshape, split, type Value } from "../onnx/mod.ts";
import type { NamedValues } from "./objective.ts";
import type { Layout, PlacedTensor } from "./parameters.ts";

/** A part of the vector that the optimiser treats as one tensor. */
export interface Block {
  /** name of its tensor, or of its first and last tensor */
  readonly name: string;
  /** shape of its tensor; `[size]` where several are joined */
  readonly shape: readonly number[];
  /** index of its first element in the vector */
  readonly offset: number;
  /** number of elements */
  readonly size: number;
  /** the tensors in it, in their order */
  readonly tensors: readonly PlacedTensor[];
}

/** Largest number of elements of a joined block: 4 MiB, which stays in a processor's cache. */
const JOINED = 2 ** 20;

/**
 * Returns the blocks of a layout, in its order.
 * @param separate names of tensors that are never joined, however small they are
 */
export function blocksOf({ tensors }: Layout, separate: readonly string[]): Block[] {
  const groups: PlacedTensor[][] = [];
  let open = 0; // elements of the last group, or more than it may have
  for (const tensor of tensors) {
    const alone = separate.includes(tensor.name) || tensor.size > JOINED;
    if (!alone && groups.length > 0 && open + tensor.size <= JOINED) {
      groups.at(-1)!.push(tensor);
      open += tensor.size;
    } else {
      groups.push([tensor]);
      open = alone ? Infinity : tensor.size;
    }
  }
  return groups.map((group) => {
    const [first, last] = [group[0], group.at(-1)!];
    const size = last.offset + last.size - first.offset;
    return group.length === 1 ? { ...first, tensors: group } : {
      name: `${first.name} … ${last.name}`,
      shape: [size],
      offset: first.offset,
      size,
      tensors: group,
    };
  });
}

/** Returns the tensors of blocks, by name. */
export function tensorsOf(blocks: readonly Block[], values: readonly Value[]): NamedValues {
  return Object.fromEntries(blocks.flatMap(({ tensors }, i) => {
    if (tensors.length === 1) return [[tensors[0].name, values[i]]];
    const parts = split(values[i], 0, tensors.map(({ size }) => size));
    return tensors.map(({ name, shape }, j) => [name, reshape(parts[j], shape)]);
  }));
}

/** Joins the values of a block's tensors into the value of the block. */
export function joined(block: Block, value: (name: string) => Value): Value {
  const { tensors } = block;
  if (tensors.length === 1) return value(tensors[0].name);
  return concat(tensors.map(({ name, size }) => reshape(value(name), [size])), 0);
}
