/**
 * Room for the dashboard of a feature beside its history. Who has dashboards gives `startFeatureExplorer` a function that draws
 * one; without it, the room stays closed.
 */

/** A feature of the coders at a checkpoint. */
export interface FeatureAt {
  /** folder name of the model */
  model: string;
  /** name of the set of coders */
  set: string;
  step: number;
  layer: number;
  /** its number in the coder of that step */
  feature: number;
}

/** Draws the dashboard of a feature into an empty container. Returns whether there is one. */
export type DrawDashboard = (container: HTMLElement, feature: FeatureAt) => boolean;
