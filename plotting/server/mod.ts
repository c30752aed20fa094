/** Serves pages of results to a browser on the same machine, and keeps the labels that its reader gives. */
export { LabelsFile } from "./labels_file.ts";
export { requestHandler, type ServerOptions } from "./handler.ts";
