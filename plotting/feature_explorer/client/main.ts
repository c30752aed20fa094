/** Entry of the page. */
import { startFeatureExplorer } from "./start.ts";

startFeatureExplorer();
