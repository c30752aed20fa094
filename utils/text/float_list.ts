/** A list of numbers that grows, 8 bytes each: offsets into files larger than 4 GB. */
export class FloatList {
  #data = new Float64Array(1024);
  #length = 0;

  /** Number of elements. */
  get length(): number {
    return this.#length;
  }

  /** Adds a number at the end. */
  push(value: number): void {
    if (this.#length === this.#data.length) {
      const larger = new Float64Array(2 * this.#length);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.#length++] = value;
  }

  /**
   * Returns an element.
   * @throws RangeError when there is none at the index.
   */
  at(index: number): number {
    if (!(index >= 0 && index < this.#length)) {
      throw new RangeError(`index ${index} of a list of ${this.#length}`);
    }
    return this.#data[index];
  }

  /** Returns the index of the last element that is at most `value`, in a list that rises; −1 if there is none. */
  lastAtMost(value: number): number {
    let low = 0, high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#data[middle] <= value) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
