/** The page on which a person rates features without knowing their kind. @module */
export { buildRatingPage } from "./page.ts";
