/**
 * A thread of a kernel pool. Memories come by message and calls through the control block. A thread that waits for calls
 * cannot receive messages, so the pool announces each message with a call.
 */
/// <reference lib="webworker" />
import { controlOf, instanceOf, KIND, waitWhile, WORD } from "./control.ts";

/** First message: what the thread is part of. */
export interface Joining {
  /** the kernels */
  module: WebAssembly.Module;
  /** memory of the control block */
  control: SharedArrayBuffer;
  /** index of this thread */
  thread: number;
  /** number of threads */
  threads: number;
}

/** Later messages: a memory that calls may name. */
export interface Added {
  /** its number */
  id: number;
  /** the memory */
  memory: WebAssembly.Memory;
}

declare const self: DedicatedWorkerGlobalScope;

const instances = new Map<number, ((...args: number[]) => void)[]>();
let joined: Joining | undefined;

self.onmessage = ({ data }: MessageEvent<Joining | Added>) => {
  if ("id" in data) instances.set(data.id, instanceOf(joined!.module, data.memory));
  else joined = data;
  const { control, thread, threads } = joined!;
  const { words, numbers } = controlOf(control);
  // The pool makes the next call when it has this answer.
  let epoch = Atomics.load(words, WORD.epoch);
  self.postMessage(true);
  for (;;) {
    epoch = waitWhile(words, WORD.epoch, epoch);
    const kind = words[WORD.kind], id = words[WORD.memory];
    if (kind === KIND.receive) return;
    if (kind === KIND.run) {
      instances.get(id)![words[WORD.name]](
        thread,
        threads,
        ...numbers.subarray(0, words[WORD.count]),
      );
    }
    if (kind === KIND.forget) instances.delete(id);
    Atomics.add(words, WORD.done, 1);
    Atomics.notify(words, WORD.done);
    if (kind === KIND.stop) return self.close();
  }
};
