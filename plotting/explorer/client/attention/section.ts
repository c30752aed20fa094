/**
 * Shows where the pinned head attends: a prompt's tokens shaded by the attention from one of them, the whole pattern as a
 * matrix, attention by the role of positions over all stored prompts, and a pager with each prompt's metric.
 */
import type { AttentionPatternFile } from "../../../../utils/results/mod.ts";
import { parseNodeName } from "../../../../utils/names/mod.ts";
import { byId, html, integer, number } from "../../../page/client/mod.ts";
import { metricName } from "../../../display_names.ts";
import { longName } from "../names.ts";
import type { ShownSummary } from "../shown.ts";
import type { Store } from "../state.ts";
import { createMatrix, shownToken } from "./matrix.ts";
import { createMetricBars } from "./metric_bars.ts";
import { patternsAt, type PromptPatterns } from "./patterns.ts";
import { roleTable } from "./role_table.ts";

const ADDED_BY =
  "This run stored no attention patterns. “get_circuits_over_time.ts” with the run’s config and " +
  "“--attention-prompts 8” adds them to stored results and makes this page again.";

export interface AttentionSection {
  update(): void;
}

/** Fills the section; without stored patterns, it says which command adds them. */
export function createAttention(
  summary: ShownSummary,
  file: AttentionPatternFile | null,
  store: Store,
): AttentionSection {
  const note = byId("attention-note");
  const body = byId("attention-body");
  const tokens = byId("attention-tokens");
  if (!file || file.prompts.length === 0) {
    note.textContent = ADDED_BY;
    return { update() {} };
  }
  const matrix = createMatrix((query) => store.set({ query }));
  const bars = createMetricBars(file, summary, (prompt) => store.set({ prompt, query: null }));
  const last = file.prompts.length - 1;
  const turn = (by: number) => () => {
    const prompt = (store.state.prompt + by + last + 1) % (last + 1);
    store.set({ prompt, query: null });
  };
  byId("prompt-previous").addEventListener("click", turn(-1));
  byId("prompt-next").addEventListener("click", turn(1));
  const cache = new Map<number, Promise<PromptPatterns[] | undefined>>();

  function patterns(step: number) {
    let found = cache.get(step);
    if (!found) cache.set(step, found = patternsAt(file!, step));
    return found;
  }

  /** Returns the pinned head's place among all heads; null if no head is pinned. */
  function pinnedHead(): number | null {
    const { pinned } = store.state;
    const node = pinned === null ? null : parseNodeName(pinned);
    return node?.kind === "head" ? node.layer * summary.shape.nHeads + node.head : null;
  }

  async function update() {
    const { pinned, index } = store.state;
    const { step } = summary.checkpoints[index];
    const head = pinnedHead();
    byId("attention-title").textContent = head === null
      ? "What a head looks at"
      : `What ${longName(pinned!).toLowerCase()} looks at`;
    body.hidden = head === null;
    if (head === null) {
      note.textContent = pinned === null
        ? "Click a head in the circuit to see where it attends."
        : "Only heads attend. Click a head in the circuit to see where it attends.";
      return;
    }
    const all = await patterns(step);
    // the reader may have moved on while the patterns were unpacked
    if (store.state.index !== index || store.state.pinned !== pinned) return;
    body.hidden = all === undefined;
    if (!all) {
      note.textContent = `This run stored no attention patterns at step ${integer(step)}.`;
      return;
    }
    draw(all, head, step);
  }

  function draw(all: PromptPatterns[], head: number, step: number) {
    const prompt = Math.min(store.state.prompt, last);
    const { correct, wrong } = file!.prompts[prompt];
    const pattern = all[prompt];
    const end = pattern.tokens.length - 1;
    const query = Math.min(store.state.query ?? end, end);
    const from = query === end ? "the last token, where the answer is read" : "the chosen token";
    note.textContent = `Step ${
      integer(step)
    }, clean prompts. Shaded: attention from ${from}. Click a token to see where it attends.`;
    byId("prompt-count").textContent = `prompt ${prompt + 1} of ${last + 1}`;
    const entry = file!.steps[step];
    byId("prompt-metric").textContent = `${metricName(summary.metric)} ${
      number(entry.metric[prompt])
    } (all ${integer(summary.nPrompts)} prompts: ${
      number(summary.checkpoints[store.state.index].baseline)
    })`;
    bars.update(entry.metric, prompt);
    tokens.replaceChildren(
      ...pattern.tokens.map((token, key) => {
        const share = pattern.attention(head, query, key);
        const marks = Object.keys(pattern.marks).filter((name) => pattern.marks[name] === key);
        const button = html(
          "button",
          {
            class: key === query ? "token query" : key > query ? "token later" : "token",
            "aria-pressed": key === query,
            "aria-label": `${shownToken(token)}, attention ${number(share)}`,
          },
          html("b", {}, marks.join(", ") || "\u00a0"),
          html("bdi", {}, shownToken(token)),
          html("i", {}, key > query ? "\u00a0" : share.toFixed(2)),
        );
        button.style.setProperty("--share", `${(100 * share).toFixed(1)}%`);
        button.addEventListener("click", () => store.set({ query: key }));
        return button;
      }),
      html(
        "span",
        { class: "token-answer" },
        html("span", { class: "answer" }, correct.trim()),
        html("span", { class: "against" }, ` rather than ${wrong.trim()}`),
      ),
    );
    matrix.update(pattern, head, query);
    byId("attention-roles").replaceChildren(roleTable(file!.prompts, all, head));
  }

  return { update: () => void update() };
}
