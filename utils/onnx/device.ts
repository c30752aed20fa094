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
