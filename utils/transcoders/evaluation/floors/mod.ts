/**
 * Floors: what takes the places of coders without having learned features.
 * @module
 */
export {
  ActiveMeter,
  fitFloors,
  FLOOR_NAMES,
  type FloorName,
  type Floors,
  PlaceFit,
} from "./fit_floors.ts";
