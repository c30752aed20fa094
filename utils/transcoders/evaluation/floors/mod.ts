/**
 * Floors: what takes the places of coders without having learned features.
 * @module
 */
export { fitFloors, FLOOR_NAMES, type FloorName, type Floors } from "./fit_floors.ts";
