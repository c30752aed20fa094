/**
 * Draws the marks of all slots. A mark is one path that keeps its place; a checkpoint changes its class, shape and fill alone. What
 * each slot looks like at a checkpoint is worked out once, so that sliding writes only what differs from the checkpoint before.
 * Rings and arcs are paths of their own below the marks, made when first needed.
 */
import { svg } from "../../../page/client/mod.ts";
import { type RunIndex, slotName } from "../run_index.ts";
import type { Layout } from "./layout.ts";
import type { SlidingCanvas } from "./sliding_canvas.ts";
import { nodeShape, ringShape, turnShape } from "./node_shape.ts";

/** Fills differ in as many steps, so that elements share their style. */
const STRENGTHS = 8;
/** Degrees between arcs that look different. */
const TURN = 4;

/** What a slot looks like at a checkpoint. */
interface Look {
  classes: string;
  shape: string;
  /** of the fill; empty outside the circuit */
  opacity: string;
  label: string;
  /** path of the ring of a birth, and of the arc of a turn; empty without one */
  ring: string;
  turn: string;
}

interface Mark {
  body: SVGPathElement;
  ring?: SVGPathElement;
  turn?: SVGPathElement;
  /** what is drawn, to skip equal work */
  drawn: Look;
}

const NOTHING: Look = { classes: "", shape: "", opacity: "", label: "", ring: "", turn: "" };

/** The marks of a picture. */
export class NodeMarks {
  #index!: RunIndex;
  #layout!: Layout;
  #largest = 1;
  #marks: Mark[] = [];
  /** by checkpoint, then by slot */
  #looks: Look[][] = [];

  /** Takes the groups of marks, and of rings and arcs. */
  constructor(private readonly layer: SVGGElement, private readonly below: SVGGElement) {}

  /** Makes the marks of a run. */
  show(index: RunIndex): void {
    this.#index = index;
    this.#largest = index.largestEffect;
    this.#marks = index.run.slots.map((_, slot) => ({
      body: svg("path", { "data-id": `s${slot}`, role: "button" }),
      drawn: { ...NOTHING },
    }));
    this.below.replaceChildren();
    this.layer.replaceChildren(...this.#marks.map(({ body }) => body));
  }

  /** Places the marks. */
  place(layout: Layout): void {
    this.#layout = layout;
    this.#looks = [];
    this.layer.style.fontSize = this.below.style.fontSize = `${layout.radius.toFixed(2)}px`;
    this.#marks.forEach(({ body, ring, turn }, slot) => {
      const { x, y } = layout.slots[slot];
      for (const path of [body, ring, turn]) {
        path?.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      }
    });
  }

  /** Returns the paths of a slot, its mark first; none for a slot of another run. */
  of(slot: number): SVGPathElement[] {
    const { body, ring, turn } = this.#marks[slot] ?? {};
    return [body, ring, turn].filter((path) => path !== undefined);
  }

  /** Draws a checkpoint. @param only nodes of the circuit that the circuit beside it lacks; null without a comparison */
  draw(t: number, only: ReadonlySet<number> | null): void {
    const looks = this.#looksAt(t);
    const nodes = this.#index.nodes(t);
    this.#marks.forEach((mark, slot) => {
      const look = looks[slot];
      const kind = only === null || !nodes.has(slot) ? "" : only.has(slot) ? " only" : " shared";
      this.#write(mark, slot, kind === "" ? look : { ...look, classes: look.classes + kind });
    });
  }

  /** Paints a checkpoint on a canvas. @param only as for `draw` */
  paint(
    t: number,
    only: ReadonlySet<number> | null,
    canvas: SlidingCanvas,
    { lit, pinned, outside }: {
      lit?: ReadonlySet<string>;
      pinned: string | null;
      outside: boolean;
    },
  ): void {
    const looks = this.#looksAt(t), nodes = this.#index.nodes(t), { slots } = this.#layout;
    const litClass = (slot: number) => lit?.has(`s${slot}`) ? " lit" : "";
    looks.forEach(({ ring, turn }, slot) => {
      const at = slots[slot], extra = litClass(slot);
      if (ring) canvas.paint(this.below, { classes: `ring${extra}`, shape: ring, at });
      if (turn) canvas.paint(this.below, { classes: `turn${extra}`, shape: turn, at });
    });
    looks.forEach(({ classes, shape, opacity }, slot) => {
      if (!outside && !nodes.has(slot)) return;
      const kind = only === null || !nodes.has(slot) ? "" : only.has(slot) ? " only" : " shared";
      const pin = pinned === `s${slot}` ? " pin" : "";
      canvas.paint(this.layer, {
        classes: classes + kind + litClass(slot) + pin,
        shape,
        at: slots[slot],
        fillOpacity: opacity,
      });
    });
  }

  #looksAt(t: number): Look[] {
    return this.#looks[t] ??= this.#marks.map((_, slot) => this.#look(slot, t));
  }

  #look(slot: number, t: number): Look {
    const index = this.#index, { run } = index, { role, numbers } = run.slots[slot];
    const { radius } = this.#layout;
    const found = index.nodes(t).get(slot), life = index.life(slot, t);
    const effect = found?.effect[0] ?? 0, negative = effect < 0;
    const born = index.isBorn(slot, t), turn = found ? index.turn(slot, t) : null;
    const classes = ["node", life, negative ? "negative" : "positive"];
    if (born) classes.push("born");
    if (index.hasDied(slot, t)) classes.push("died");
    const strength = Math.ceil(STRENGTHS * Math.sqrt(Math.abs(effect) / this.#largest));
    return {
      classes: classes.join(" "),
      shape: nodeShape(life, numbers === null, negative, radius),
      opacity: found ? (0.25 + 0.75 * strength / STRENGTHS).toFixed(2) : "",
      label: `${slotName(run.slots[slot], t)} at ${run.roles[role]}`,
      ring: found && born ? ringShape(radius) : "",
      turn: turn === null ? "" : turnShape(TURN * Math.round(turn / TURN), radius),
    };
  }

  #write(mark: Mark, slot: number, look: Look): void {
    const { body, drawn } = mark;
    if (drawn === look) return;
    if (drawn.classes !== look.classes) body.setAttribute("class", look.classes);
    if (drawn.shape !== look.shape) body.setAttribute("d", look.shape);
    if (drawn.label !== look.label) body.setAttribute("aria-label", look.label);
    if (drawn.opacity !== look.opacity) {
      if (look.opacity === "") {
        body.removeAttribute("fill-opacity");
        body.removeAttribute("tabindex");
      } else {
        body.setAttribute("fill-opacity", look.opacity);
        if (drawn.opacity === "") body.setAttribute("tabindex", "0");
      }
    }
    if (drawn.ring !== look.ring) this.#writeBelow(mark, slot, "ring", look.ring);
    if (drawn.turn !== look.turn) this.#writeBelow(mark, slot, "turn", look.turn);
    mark.drawn = look;
  }

  /** Draws a ring or an arc; an empty path hides it. */
  #writeBelow(mark: Mark, slot: number, kind: "ring" | "turn", path: string): void {
    if (!mark[kind]) {
      const transform = mark.body.getAttribute("transform")!;
      mark[kind] = svg("path", { class: kind, "data-id": `s${slot}`, transform });
      this.below.append(mark[kind]);
    }
    mark[kind].setAttribute("d", path);
  }
}
