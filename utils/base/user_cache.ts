/** Where this user's caches are. */
import { join } from "@std/path";

/** Returns the user's cache folder: `XDG_CACHE_HOME`, by default `.cache` in the home folder. */
export function userCacheFolder(): string {
  return Deno.env.get("XDG_CACHE_HOME") || join(Deno.env.get("HOME") ?? ".", ".cache");
}
