/** What features write and read, from the weights alone. */
export {
  type Connected,
  type ConnectionOptions,
  type Connections,
  connections,
} from "./connections.ts";
export { eachProductRow, type Entry, extremes } from "./products.ts";
