/**
 * Kills a script at random moments, starts it again until it ends, and compares every byte that it leaves with those of a
 * run that was not killed.
 *
 *  1. Run it whole, and note how long that takes.
 *  2. Start it, and kill it (SIGKILL) after a random time; every second time, wait then until a temporary file appears, so
 *     that the kill falls into a write. Start it again in the same folder, and so on.
 *  3. Where it ends by itself, compare, clear the folder and begin again, until there were enough kills. Then let it end.
 */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { filesBelow } from "../../utils/base/mod.ts";
import { rngFor } from "../../utils/text/mod.ts";

/** A campaign. */
export interface Campaign {
  /** the script, e.g. "train_transcoder" */
  script: string;
  /** Returns its arguments; all that it writes is below the folder. */
  args(folder: string): string[];
  /** folder for both runs */
  folder: string;
  /** kills */
  kills: number;
  /** seed of the moments */
  seed: number;
  /** Reports each kill and each comparison. */
  report?(line: string): void;
}

/** What happened. */
export interface CampaignEnd {
  /** kills */
  kills: number;
  /** kills that fell into a write: a temporary file was left */
  duringWrites: number;
  /** runs from an empty folder to the end, each compared */
  rounds: number;
}

/** Runs a campaign. Asserts that the bytes are the same. */
export async function killCampaign(campaign: Campaign): Promise<CampaignEnd> {
  const { folder, kills, report = () => {} } = campaign;
  const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
  const started = performance.now();
  assertEquals(await start(campaign, whole).status.then(({ code }) => code), 0);
  const life = performance.now() - started;
  const expected = await digests(whole);
  const rng = rngFor(campaign.seed, kills);
  const end: CampaignEnd = { kills: 0, duringWrites: 0, rounds: 0 };
  while (true) {
    const child = start(campaign, parts);
    let ended = false;
    const status = child.status.then((status) => (ended = true, status));
    if (end.kills < kills) {
      await pause((rng.next() >>> 0) / 2 ** 32 * life * 0.9);
      const until = performance.now() + life / 4;
      const waits = end.kills % 2 === 1;
      while (waits && !ended && performance.now() < until && !await hasTemporary(parts)) {
        await pause(1);
      }
      if (!ended) {
        child.kill("SIGKILL");
        await status;
        end.kills++;
        const inWrite = await hasTemporary(parts);
        end.duringWrites += Number(inWrite);
        report(`kill ${end.kills} of ${kills}${inWrite ? ", during a write" : ""}`);
        continue;
      }
    }
    assertEquals((await status).code, 0, "the script fails after a kill");
    assertEquals(await digests(parts), expected);
    end.rounds++;
    report(`round ${end.rounds} ended with the same bytes`);
    if (end.kills >= kills) return end;
    await Deno.remove(parts, { recursive: true });
  }
}

function start({ script, args }: Campaign, folder: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${script}.ts`, ...args(folder)],
    cwd: new URL("../../", import.meta.url),
    stdout: "null",
    stderr: "null",
  }).spawn();
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Whether a temporary file or folder is there. Files may vanish while this looks. */
async function hasTemporary(folder: string): Promise<boolean> {
  const look = async (path: string): Promise<boolean> => {
    try {
      for await (const { name, isDirectory } of Deno.readDir(path)) {
        if (name.endsWith(".tmp")) return true;
        if (isDirectory && await look(join(path, name))) return true;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return false;
  };
  return await look(folder);
}

/** SHA-256 of every file below a folder, by relative path. */
async function digests(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const path of (await filesBelow(folder, () => true)).sort()) {
    const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
    files[path.slice(folder.length + 1)] = new Uint8Array(digest).toHex();
  }
  return files;
}
