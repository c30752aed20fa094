/**
 * File formats of coders.
 * @module
 */
export { type CoderFormat, FORMAT_NAMES, type FormatName, type WriteOptions } from "./format.ts";
export { readCoder, writeCoder } from "./native.ts";
export { FORMATS, openCoders, type OpenedCoders, type OpenOptions } from "./open.ts";
export { CODER_DTYPES, type CoderDtype, storedCoder } from "./stored_dtype.ts";
