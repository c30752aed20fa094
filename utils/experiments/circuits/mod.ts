/** The main experiment: the circuit behind a task at every checkpoint, its result files, its export. */
export { type AttentionRecord, openAttention } from "./attention.ts";
export { type CheckpointCircuit, findCircuit } from "./checkpoint.ts";
export { exportCircuit, type ExportConfig, type Exported, exportSchema } from "./export.ts";
export { pathWarning } from "./quadrature_warning.ts";
export { type CircuitResults, openCircuitResults } from "./results.ts";
export { checkCircuitConfig, type CircuitConfig, circuitSchema, withTaskName } from "./settings.ts";
export { circuitColumns, circuitLine, circuitRemarks, type CircuitRun } from "./table.ts";
export { type CircuitTask, loadCircuitTask } from "./task.ts";
export { circuitTransfer, rehearseTransfer, storedTransfer, type Transfer } from "./transfer.ts";
