/** Where ONNX Runtime computes: the execution providers of this installation. */
import * as ort from "onnxruntime-node";

/** Execution providers that a session may ask for. */
export const DEVICES = ["cpu", "webgpu", "cuda"] as const;
/** An execution provider of ONNX Runtime. */
export type Device = (typeof DEVICES)[number];

/** Returns the devices whose provider comes with onnxruntime-node on this machine. */
export function availableDevices(): Device[] {
  const bundled = ort.listSupportedBackends().filter((b) => b.bundled).map((b) => b.name);
  return DEVICES.filter((device) => bundled.includes(device));
}

/** Returns what a device needs, for the message where it cannot be used. */
export function deviceNeeds(device: Device): string {
  switch (device) {
    case "cpu":
      return "the CPU's provider comes with onnxruntime-node";
    case "webgpu":
      return "webgpu needs Vulkan (libvulkan1 and a driver), Metal or Direct3D 12";
    case "cuda":
      return "cuda comes apart from the npm package, for Linux on x64: ONNXRUNTIME_NODE_INSTALL=cuda12 deno install " +
        "--allow-scripts=npm:onnxruntime-node with nodeModulesDir auto, and CUDA 12 and cuDNN 9 on the library path";
  }
}

/**
 * Checks a device name.
 * @throws Error naming the devices there are.
 */
export function parseDevice(name: string): Device {
  if ((DEVICES as readonly string[]).includes(name)) return name as Device;
  throw new Error(
    `unknown device "${name}"; known: ${DEVICES.join(", ")}; bundled here: ${
      availableDevices().join(", ")
    }`,
  );
}
