/**
 * A priority queue of cells (numbers below 2³¹): the highest priority comes out first and, among equal priorities, the
 * cell that was pushed first. It is a binary heap in typed arrays, because a large model has 1.6 million edges to rank.
 */
export class PriorityQueue {
  private count = 0;
  private pushed = 0;
  private readonly cells: Int32Array;
  private readonly priorities: Float64Array;
  /** indices into `cells`, which are also the order of arrival */
  private readonly heap: Int32Array;

  /** @param capacity largest number of pushes */
  constructor(capacity: number) {
    this.cells = new Int32Array(capacity);
    this.priorities = new Float64Array(capacity);
    this.heap = new Int32Array(capacity);
  }

  /** number of cells in the queue */
  get size(): number {
    return this.count;
  }

  /** Adds a cell. */
  push(cell: number, priority: number): void {
    const item = this.pushed++;
    this.cells[item] = cell;
    this.priorities[item] = priority;
    let at = this.count++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.before(item, this.heap[parent])) break;
      this.heap[at] = this.heap[parent];
      at = parent;
    }
    this.heap[at] = item;
  }

  /** Removes and returns the first cell; the queue must not be empty. */
  pop(): number {
    const { heap } = this;
    const top = heap[0], last = heap[--this.count];
    let at = 0;
    for (let child = 1; child < this.count; child = 2 * at + 1) {
      if (child + 1 < this.count && this.before(heap[child + 1], heap[child])) child++;
      if (!this.before(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return this.cells[top];
  }

  private before(a: number, b: number): boolean {
    const difference = this.priorities[a] - this.priorities[b];
    return difference > 0 || (difference === 0 && a < b);
  }
}
