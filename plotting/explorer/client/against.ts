/** Fills the list of circuits to compare with: the other steps of this run, and other runs. */
import { byId, html, integer } from "../../page/client/mod.ts";
import type { ShownSummary } from "./shown.ts";
import type { Store } from "./state.ts";

/** Returns a function that shows the choice; call it after a change. */
export function createAgainst(summary: ShownSummary, store: Store): () => void {
  const list = byId<HTMLSelectElement>("against");
  const steps = summary.checkpoints.filter(({ able }) => able).map(({ step }) =>
    html("option", { value: `step-${step}` }, `step ${integer(step)}`)
  );
  const runs = (summary.others ?? []).map(({ label }, i) =>
    html("option", { value: `run-${i}` }, label)
  );
  list.append(
    html("option", { value: "" }, "another circuit"),
    ...(steps.length > 0 ? [html("optgroup", { label: "This run" }, ...steps)] : []),
    ...(runs.length > 0 ? [html("optgroup", { label: "Other runs, nearest step" }, ...runs)] : []),
  );
  list.addEventListener("change", () => store.set({ against: list.value || "off" }));
  return () => {
    const { against } = store.state;
    list.value = against.includes("-") ? against : "";
  };
}
