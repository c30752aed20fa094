/**
 * The nodes of a task's circuit: a feature, or what the coder leaves of the MLP's output (the error), at a layer and a role.
 *
 *     index(layer, role, feature)    layers in order, in each the roles in order, in each F features, then the error
 */

/** The feature number of the error in a {@link TaskNode}. */
export const ERROR: number = -1;

/** A node of a task's circuit. */
export interface TaskNode {
  /** layer, counted from 0 */
  layer: number;
  /** number of the role */
  role: number;
  /** feature; {@link ERROR} for the error */
  feature: number;
}

/** Numbers the nodes; see the header. */
export class NodeSpace {
  readonly #bases: number[] = [];
  /** number of nodes */
  readonly size: number;

  /** Takes the number of features of each layer, and the names of the roles. */
  constructor(readonly features: readonly number[], readonly roles: readonly string[]) {
    let size = 0;
    for (const F of features) {
      this.#bases.push(size);
      size += roles.length * (F + 1);
    }
    this.size = size;
  }

  /** Returns the number of a node. */
  index(layer: number, role: number, feature: number): number {
    const F = this.features[layer];
    return this.#bases[layer] + role * (F + 1) + (feature === ERROR ? F : feature);
  }

  /** Returns the node of a number. */
  at(index: number): TaskNode {
    let layer = this.#bases.length - 1;
    while (this.#bases[layer] > index) layer--;
    const F = this.features[layer], rest = index - this.#bases[layer];
    const feature = rest % (F + 1);
    return { layer, role: Math.floor(rest / (F + 1)), feature: feature === F ? ERROR : feature };
  }
}
