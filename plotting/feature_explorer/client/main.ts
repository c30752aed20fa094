/** Entry of the page: starts it at once if it opens its first run, otherwise when the browser has read all of them. */
import { embedded, whenParsed } from "../../page/client/mod.ts";
import type { RunName } from "../page_data.ts";
import { startFeatureExplorer } from "./start.ts";
import { opensFirstRun } from "./state.ts";

if (opensFirstRun(embedded<RunName[]>("runs"), location.hash)) startFeatureExplorer();
else whenParsed(startFeatureExplorer);
