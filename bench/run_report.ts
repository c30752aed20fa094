/** Loaded before a script (`deno run --preload`): at the end, prints processor seconds and peak memory on stderr. */
import { cpuUsage } from "node:process";
import { peakRssMb } from "./case.ts";

globalThis.addEventListener("unload", () => {
  const { user, system } = cpuUsage();
  console.error(JSON.stringify({ seconds: (user + system) / 1e6, peakRssMb: peakRssMb() }));
});
