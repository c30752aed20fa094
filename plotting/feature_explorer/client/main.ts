/** Entry of the page. It has no dashboards to show beside the history of a feature. */
import { startFeatureExplorer } from "./start.ts";

startFeatureExplorer();
