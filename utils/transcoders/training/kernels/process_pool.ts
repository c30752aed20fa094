/** The kernel pools of the process: one for each number of threads, as long as somebody uses it. */
import { kernels } from "./compile.ts";
import { KernelPool } from "./pool.ts";

const open = new Map<number, { pool: Promise<KernelPool>; users: number }>();

/** A pool in use. */
export interface UsedPool {
  /** the threads */
  pool: KernelPool;
  /** Gives it back; the last user stops the threads. */
  giveBack(): void;
}

/**
 * Returns the pool with this number of threads, and starts it for the first user.
 * @throws Error when the kernels do not compile or a thread does not start.
 */
export async function usePool(threads: number): Promise<UsedPool> {
  let entry = open.get(threads);
  if (!entry) {
    entry = { pool: kernels().then((module) => KernelPool.start(module, threads)), users: 0 };
    open.set(threads, entry);
  }
  const used = entry;
  used.users++;
  const giveBack = (stop: () => void) => {
    if (--used.users > 0) return;
    open.delete(threads);
    stop();
  };
  try {
    const pool = await used.pool;
    return { pool, giveBack: () => giveBack(() => pool.stop()) };
  } catch (cause) {
    giveBack(() => {});
    throw cause;
  }
}
