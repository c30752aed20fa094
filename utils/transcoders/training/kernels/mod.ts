/** Training steps by WebAssembly kernels. */
export { KernelTrainer } from "./kernel_trainer.ts";
export { kernelsLack } from "./kernels_lack.ts";
