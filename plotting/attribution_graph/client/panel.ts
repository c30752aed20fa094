/** Fills the column beside the graph: scores, what is hidden, and the clicked node. */
import { byId, html, integer, percent } from "../../page/client/mod.ts";
import { connections } from "./connections.ts";
import { nodeFacts } from "./describe.ts";
import { type RenderFeature, renderFeature } from "./feature_panel.ts";
import { longName } from "./names.ts";
import type { GraphModel, PageNode } from "./page_model.ts";
import { togglePin, withoutMember } from "./picture/graph_view.ts";
import type { Shown } from "./shown.ts";
import type { Store } from "./state.ts";

export interface Panel {
  /** Shows scores and counts. */
  scores(model: GraphModel, shown: Shown): void;
  /** Shows the clicked node. */
  node(model: GraphModel, shown: Shown): void;
}

/** Makes the column. @param render draws a feature; a page with dashboards passes theirs */
export function createPanel(store: Store, render: RenderFeature = renderFeature): Panel {
  function scores(model: GraphModel, { counts, scores, floor, extra }: Shown) {
    const { data } = model;
    const whole = data.complete ? "whole graph" : "edges in the file";
    const row = (name: string, values: string[], title: string) =>
      html(
        "tr",
        { title },
        html("th", { scope: "row" }, name),
        ...values.map((v) => html("td", {}, v)),
      );
    const scored = (key: "replacement" | "completeness", title: string) =>
      row(
        key === "replacement" ? "Replacement" : "Completeness",
        [score(scores[key]), score(floor?.[key]), score(model.scores[key])],
        title,
      );
    byId("scores").replaceChildren(
      html(
        "table",
        {},
        html(
          "thead",
          {},
          html(
            "tr",
            {},
            html("td"),
            ...[["shown", "hidden features count as errors"], [
              "at random",
              "as many features, mean of 20 draws",
            ], [whole, ""]].map(([name, title]) => html("th", { scope: "col", title }, name)),
          ),
        ),
        html(
          "tbody",
          {},
          scored("replacement", "share of the influence that comes from tokens rather than errors"),
          scored(
            "completeness",
            "share of the inputs of nodes, weighted by influence, that are not errors",
          ),
        ),
      ),
    );
    const active = counts.allFeatures - counts.features;
    const lines = [
      `${integer(counts.features)} of ${integer(counts.allFeatures)} features, ${
        integer(counts.errors)
      } of ${integer(counts.allErrors)} errors, ${integer(counts.edges)} of ${
        integer(counts.allEdges)
      } edges are shown.`,
      `Hidden: ${integer(active)} features and ${
        integer(counts.allErrors - counts.errors)
      } errors with ${percent(counts.hiddenInfluence)} of the influence.`,
    ];
    if (extra.size > 0) {
      lines.push(
        `${integer(extra.size)} pinned or clicked ${
          extra.size === 1 ? "node is" : "nodes are"
        } shown although pruning hides ${extra.size === 1 ? "it" : "them"}.`,
      );
    }
    if (data.part) {
      lines.push(
        `The page has ${integer(model.K)} of ${
          integer(data.part.features)
        } features, so the node slider ends at ${percent(model.mostThreshold)}.`,
      );
    }
    if (data.leftOut) {
      lines.push(
        `A cap left out ${integer(data.leftOut.features)} features with ${
          percent(data.leftOut.influence)
        } of the features’ influence; their edges are the bias node “left out”.`,
      );
    }
    if (!data.complete) lines.push("The file is a pruned graph: all numbers are of its edges.");
    byId("hidden").replaceChildren(...lines.map((line) => html("p", {}, line)));
  }

  function node(model: GraphModel, shown: Shown) {
    const { clicked } = store.state, card = byId("node-card");
    const found = clicked ? model.byId.get(clicked) : undefined;
    byId("hint").hidden = found !== undefined;
    card.hidden = found === undefined;
    const key = found && `${store.state.graph} ${found.id}`;
    const { scrollTop } = card;
    card.replaceChildren(...(found ? contentOf(model, shown, found) : []));
    if (card.dataset.key === key) card.scrollTop = scrollTop;
    card.dataset.key = key ?? "";
  }

  function contentOf(model: GraphModel, shown: Shown, found: PageNode): HTMLElement[] {
    const feature = html("div", { class: "feature" });
    if (found.kind === "feature") {
      render(feature, {
        layer: found.layer,
        feature: found.index,
        position: found.position,
        activation: model.graph.activations[found.node],
        logits: model.data.details?.logits[`${found.layer}.${found.index}`],
      });
    }
    return [
      html("h2", {}, longName(model, found)),
      actions(found),
      html("div", { class: "facts" }, ...nodeFacts(model, found)),
      feature,
      ...(model.data.details && (found.kind === "feature" || found.kind === "target")
        ? [headSwitch()]
        : []),
      ...connections(model, shown, store, found),
    ];
  }

  function headSwitch(): HTMLElement {
    const split = store.state.heads === "split";
    const button = html(
      "button",
      { class: "text", "aria-pressed": String(split) },
      split ? "Hide attention heads" : "Split inputs by attention head",
    );
    button.addEventListener("click", () => store.set({ heads: split ? "sum" : "split" }));
    return html("p", { class: "head-switch" }, button);
  }

  /** Returns the node's label, pin and group. */
  function actions(found: PageNode): HTMLElement {
    const { pins, labels, groups } = store.state, pinned = pins.includes(found.id);
    const label = html("input", {
      class: "label-input",
      value: labels[found.id] ?? "",
      placeholder: "Label",
      "aria-label": "Label of the node",
      maxlength: 200,
    });
    label.addEventListener("change", () => {
      const { [found.id]: _, ...rest } = store.state.labels;
      store.set({ labels: label.value === "" ? rest : { ...rest, [found.id]: label.value } });
    });
    const pin = html(
      "button",
      { class: "text", "aria-pressed": String(pinned) },
      pinned ? "Unpin" : "Pin",
    );
    pin.addEventListener("click", () => togglePin(store, found.id));
    const at = groups.findIndex(({ members }) => members.includes(found.id));
    const choice = html(
      "select",
      { "aria-label": "Group of the node" },
      html("option", { value: "-1", selected: at < 0 }, "no group"),
      ...groups.map(({ name }, g) =>
        html("option", { value: g, selected: g === at }, name || `group ${g + 1}`)
      ),
      html("option", { value: "new" }, "new group …"),
    );
    choice.addEventListener("change", () => {
      const named = groups.map(({ name }) => name);
      const left = withoutMember(groups, found.id);
      const to = choice.value === "new"
        ? { name: `Group ${groups.length + 1}`, members: [] }
        : choice.value === "-1"
        ? null
        : groups[Number(choice.value)];
      const kept = to && left.some(({ name }) => name === to.name) && choice.value !== "new"
        ? left.map((group) =>
          group.name === to.name ? { ...group, members: [...group.members, found.id] } : group
        )
        : to
        ? [...left, {
          name: uniqueName(to.name, named, choice.value === "new"),
          members: [found.id],
        }]
        : left;
      store.set({
        groups: kept,
        pins: to && !pins.includes(found.id) ? [...pins, found.id] : pins,
      });
    });
    return html("div", { class: "actions" }, label, pin, choice);
  }
  return { scores, node };
}

/** Formats a score between 0 and 1. */
export const score = (value: number | null | undefined): string =>
  value === null || value === undefined || !Number.isFinite(value) ? "–" : value.toFixed(3);

function uniqueName(name: string, taken: readonly string[], check: boolean): string {
  for (let i = taken.length + 1; check && taken.includes(name); i++) name = `Group ${i}`;
  return name;
}
