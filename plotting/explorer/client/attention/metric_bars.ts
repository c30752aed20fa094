/** Draws the metric of each stored prompt as a bar; a click shows the prompt. */
import type { AttentionPatternFile } from "../../../../utils/results/mod.ts";
import { byId, html, number } from "../../../page/client/mod.ts";
import { metricName } from "../../../display_names.ts";
import type { ShownSummary } from "../shown.ts";

/** Returns what draws the bars. Heights are relative to the largest |metric| of all checkpoints. */
export function createMetricBars(
  { prompts, steps }: AttentionPatternFile,
  { metric: name }: Pick<ShownSummary, "metric">,
  choose: (prompt: number) => void,
) {
  const largest = Math.max(1e-9, ...Object.values(steps).flatMap((e) => e.metric.map(Math.abs)));
  const buttons = prompts.map((_, i) => {
    const button = html("button", { class: "metric-bar" }, html("i"));
    button.addEventListener("click", () => choose(i));
    return button;
  });
  byId("prompt-bars").replaceChildren(...buttons);
  return {
    update(metric: readonly number[], chosen: number) {
      buttons.forEach((button, i) => {
        const share = metric[i] / largest;
        button.setAttribute("aria-pressed", String(i === chosen));
        button.title = `prompt ${i + 1}: ${metricName(name)} ${number(metric[i])}`;
        button.setAttribute("aria-label", button.title);
        const bar = button.firstElementChild as HTMLElement;
        bar.className = share < 0 ? "negative" : "";
        bar.style.height = `${(50 * Math.abs(share)).toFixed(1)}%`;
      });
    },
  };
}
