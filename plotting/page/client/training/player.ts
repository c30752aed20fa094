/**
 * Plays a run: a slider over its checkpoints, a play button, and keys. `styles/player.css` styles them; the page's HTML has
 * the elements `play`, `slider`, `slider-ticks`, `step` and `step-count`, and may have a button `speed`.
 */
import { byId, html } from "../dom.ts";
import { integer, shortStep } from "../format.ts";
import { gapsOf } from "../hatch.ts";

/** Milliseconds to play a whole run, within the limits of `pause`. */
const PLAY_MS = 24_000;

/** Factors of the speed, in the order of the button's clicks. */
const SPEEDS = [1, 2, 4, 0.5];

/** What the player needs of the page. */
export interface PlayerOptions {
  /** steps of the checkpoints, ascending */
  steps: readonly number[];
  /** for each checkpoint, whether the model does the task; the others are hatched */
  able: readonly boolean[];
  /** Returns the place of the checkpoint shown. */
  index(): number;
  /** Shows another checkpoint. */
  select(index: number): void;
  /** Returns whether an element keeps a key for itself; text fields always do. */
  ignores?(target: EventTarget | null, key: string): boolean;
}

/** The player on the page. */
export interface Player {
  /** Shows the current checkpoint. */
  update(): void;
  /** Places the ticks below the slider at its current width. */
  placeTicks(): void;
  /** Takes other checkpoints. */
  change(steps: readonly number[], able: readonly boolean[]): void;
}

/** Connects the player's elements and keys: ← → Home End, and space to play. */
export function createPlayer(options: PlayerOptions): Player {
  let { steps, able } = options;
  const slider = byId<HTMLInputElement>("slider");
  const play = byId<HTMLButtonElement>("play");
  const faster = document.getElementById("speed");
  let timer: number | undefined;
  let speed = SPEEDS[0];
  const last = () => steps.length - 1;

  slider.addEventListener("input", () => {
    stop();
    options.select(Number(slider.value));
  });
  play.addEventListener("click", () => timer === undefined ? start() : stop());

  const showSpeed = () => {
    if (!faster) return;
    faster.textContent = `${speed}×`;
    faster.setAttribute("aria-label", `Speed ${speed}, change`);
  };
  showSpeed();
  faster?.addEventListener("click", () => {
    speed = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length];
    showSpeed();
    if (timer === undefined) return;
    stop();
    start();
  });

  function start() {
    if (last() < 1) return;
    if (options.index() === last()) options.select(0);
    const pause = Math.max(140, Math.min(900, PLAY_MS / steps.length)) / speed;
    timer = setInterval(() => {
      options.select(Math.min(last(), options.index() + 1));
      if (options.index() === last()) stop();
    }, pause) as unknown as number;
    play.classList.add("playing");
    play.setAttribute("aria-label", "Pause");
  }

  function stop() {
    clearInterval(timer);
    timer = undefined;
    play.classList.remove("playing");
    play.setAttribute("aria-label", "Play");
  }

  function move(by: number) {
    stop();
    options.select(Math.max(0, Math.min(last(), options.index() + by)));
  }

  function placeTicks() {
    const box = byId("slider-ticks");
    const share = (i: number) => last() === 0 ? 0.5 : i / last();
    const put = (element: HTMLElement, i: number) => {
      element.style.left = `${100 * share(i)}%`;
      box.append(element);
    };
    box.replaceChildren();
    for (const [from, to] of gapsOf(able, steps.map((_, i) => 100 * share(i)), [0, 100])) {
      const band = html("u");
      band.style.left = `${from}%`;
      band.style.width = `${to - from}%`;
      box.append(band);
    }
    const taken: number[] = [];
    const byWeight = steps.map((_, i) => i).sort((a, b) => weight(b) - weight(a) || a - b);
    for (const i of byWeight) {
      const at = share(i) * box.clientWidth;
      put(html("i"), i);
      if (taken.some((other) => Math.abs(other - at) < 40)) continue;
      taken.push(at);
      put(html("span", {}, shortStep(steps[i])), i);
    }
  }

  /** Ranks steps for labels: the ends first, then powers of ten, then round numbers. */
  function weight(i: number): number {
    const step = steps[i];
    if (i === 0 || i === last()) return 4;
    if (Number.isInteger(Math.log10(step))) return 3;
    return step % 10000 === 0 ? 2 : step % 5000 === 0 ? 1 : 0;
  }

  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    const typing = target instanceof HTMLInputElement && !/range|checkbox/.test(target.type);
    const selecting = typing || target instanceof HTMLSelectElement;
    if (selecting || event.ctrlKey || event.metaKey || event.altKey) return;
    const on: Record<string, () => void> = {
      ArrowRight: () => move(1),
      ArrowLeft: () => move(-1),
      Home: () => move(-last()),
      End: () => move(last()),
      " ": () => timer === undefined ? start() : stop(),
    };
    const isButton = target instanceof HTMLButtonElement;
    if (!on[key] || options.ignores?.(target, key) || (isButton && key === " ")) return;
    event.preventDefault();
    on[key]();
  });

  return {
    update() {
      const index = options.index();
      slider.max = String(last());
      slider.value = String(index);
      slider.style.setProperty("--done", `${last() === 0 ? 0 : 100 * index / last()}%`);
      slider.setAttribute("aria-valuetext", `step ${steps[index]}`);
      byId("step").textContent = integer(steps[index]);
      byId("step-count").textContent = `checkpoint ${index + 1} of ${steps.length}`;
    },
    placeTicks,
    change(next, nextAble) {
      stop();
      steps = next;
      able = nextAble;
    },
  };
}
