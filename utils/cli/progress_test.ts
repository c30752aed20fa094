import { assertEquals } from "@std/assert";
import { formatDuration, formatRate, Progress, type ProgressTarget } from "./progress.ts";

/** A target with a clock set by hand. */
function fake(over: Partial<ProgressTarget> = {}) {
  const clock = { ms: 0 };
  const written: string[] = [];
  const target: ProgressTarget = {
    draw: (text) => written.push(text),
    report: (line) => written.push(`> ${line}`),
    interactive: true,
    colors: false,
    columns: () => 100,
    now: () => clock.ms,
    ...over,
  };
  return { clock, written, target };
}

Deno.test("Progress shows the part inside the current item, rate and time left", () => {
  const { clock, written, target } = fake();
  const progress = new Progress("checkpoint", 4, { target });
  const first = progress.begin("attribution", 30);
  clock.ms = 5_000;
  first.update(15);
  assertEquals(written, [
    "\r\x1b[Kcheckpoint 1/4 · attribution 15/30 ━━━─────────────────────  12 %  3.0/s",
  ]);
  clock.ms = 10_000;
  progress.update(1);
  const second = progress.begin("search", 8);
  clock.ms = 14_000;
  second.update(2, "400 edges");
  // each checkpoint took 10 s: 30 s for three, 4 s of them spent
  assertEquals(
    written.at(-1),
    "\r\x1b[Kcheckpoint 2/4 · search 2/8 · 400 edges ━━━━━━━━────────────────  31 %  2.0s each  26s left",
  );
  assertEquals(progress.timeLeft(), 26_000);
  clock.ms = 60_000;
  assertEquals(progress.timeLeft(), 20_000, "a slow item never eats the time of the next ones");
});

Deno.test("Progress counts items of an earlier run as done but not towards the rate", () => {
  const { clock, target } = fake();
  const progress = new Progress("step", 1000, { from: 900, target });
  assertEquals(progress.fraction(), 0.9);
  assertEquals(progress.timeLeft(), undefined);
  clock.ms = 2_000;
  progress.update(920);
  assertEquals(progress.timeLeft(), 8_000);
  assertEquals(progress.describe(), "step 920/1000  92 %  10/s  8.0s left");
});

Deno.test("Progress redraws at most ten times a second and keeps lines above the bar", () => {
  const { clock, written, target } = fake();
  const progress = new Progress("prompt", 1000, { target });
  for (let i = 1; i <= 1000; i++) {
    clock.ms = i;
    progress.update(i);
  }
  assertEquals(written.length, 10);
  progress.line("step 1 done");
  assertEquals(written[10], "\r\x1b[K");
  assertEquals(written[11], "> step 1 done");
  assertEquals(written[12].startsWith("\r\x1b[Kprompt 1000/1000"), true);
  progress.finish();
  assertEquals(written.length, 14);
});

Deno.test("Progress prints a plain line every half minute where there is no terminal", () => {
  const { clock, written, target } = fake({ interactive: false });
  const progress = new Progress("prompt", 120, { target });
  for (let second = 1; second <= 120; second++) {
    clock.ms = second * 1000;
    progress.update(second);
  }
  progress.finish();
  assertEquals(written, [
    "prompt 30/120  25 %  1.0/s  1m 30s left\n",
    "prompt 60/120  50 %  1.0/s  1m left\n",
    "prompt 90/120  75 %  1.0/s  30s left\n",
    "prompt 120/120  100 %  1.0/s  0.0s left\n",
  ]);
});

Deno.test("Progress never writes past the edge of a narrow terminal", () => {
  const { clock, written, target } = fake({ columns: () => 40 });
  const progress = new Progress("checkpoint", 18, { target });
  clock.ms = 1000;
  progress.begin("attribution", 30).update(12, "a long note on what is going on");
  assertEquals(written[0].replace("\r\x1b[K", "").length <= 39, true);
});

Deno.test("formatDuration() and formatRate() are short at every scale", () => {
  assertEquals(
    [0, 449, 9_960, 59_600, 125_000, 3_600_000, 11_412_000, 100_000_000].map(formatDuration),
    ["0.0s", "0.4s", "10s", "1m", "2m 5s", "1h", "3h 10m", "1d 3h 47m"],
  );
  assertEquals([12_345, 9.96, 1.25, 0.4].map(formatRate), [
    "12,345/s",
    "10.0/s",
    "1.3/s",
    "2.5s each",
  ]);
});
