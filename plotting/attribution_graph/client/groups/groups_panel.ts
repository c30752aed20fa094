/** The tools beside the subgraph: scores of the pins, groups by hand and by attribution profile. */
import {
  profileGroups,
  randomSubgraphScores,
  subgraphScores,
} from "../../../../utils/graphs/mod.ts";
import { byId, html, integer, number, plural } from "../../../page/client/mod.ts";
import { longName, shortName, visibleText } from "../names.ts";
import type { GraphModel } from "../page_model.ts";
import { score } from "../panel.ts";
import { withoutMember } from "../picture/graph_view.ts";
import type { Shown } from "../shown.ts";
import type { Store } from "../state.ts";

/** Features that are grouped at most: similarities are between all pairs. */
const MOST_GROUPED = 300;
const DRAWS = 20;

export interface GroupsPanel {
  update(model: GraphModel, shown: Shown): void;
}

export function createGroupsPanel(store: Store): GroupsPanel {
  let model: GraphModel, shown: Shown;
  const count = byId<HTMLInputElement>("group-count");

  const pinnedFeatures = () =>
    store.state.pins.map((id) => model.byId.get(id)!).filter(({ kind }) => kind === "feature")
      .map(({ node }) => node).sort((a, b) => a - b);

  byId("pin-shown").addEventListener("click", () => {
    const features = shown.nodes.filter(({ kind }) => kind === "feature").map(({ id }) => id);
    store.set({ pins: [...new Set([...store.state.pins, ...features])] });
  });
  byId("unpin-all").addEventListener("click", () => store.set({ pins: [], groups: [] }));
  byId("group-auto").addEventListener("click", () => {
    const { groups } = profileGroups(
      model.graph,
      pinnedFeatures(),
      Math.max(1, Math.floor(Number(count.value) || 1)),
      model.influence,
    );
    store.set({
      groups: groups.filter((group) => group.length > 1).map((group) => ({
        name: nameOf(group),
        members: group.map((node) => model.nodes[node].id),
      })),
    });
  });
  byId("group-rest").addEventListener("click", () => {
    const { pins, groups } = store.state;
    const taken = new Set(groups.flatMap(({ members }) => members));
    const members = pins.filter((id) => !taken.has(id) && model.byId.get(id)!.kind === "feature");
    if (members.length > 0) {
      store.set({ groups: [...groups, { name: `Group ${groups.length + 1}`, members }] });
    }
  });
  byId("ungroup").addEventListener("click", () => store.set({ groups: [] }));

  /** Names a group after where it is: layers and the token that most of its members are at. */
  function nameOf(members: number[]): string {
    const layers = members.map((node) => model.nodes[node].layer);
    const [from, to] = [Math.min(...layers), Math.max(...layers)];
    const counts = new Map<number, number>();
    for (const node of members) {
      counts.set(model.nodes[node].position, (counts.get(model.nodes[node].position) ?? 0) + 1);
    }
    const [position, most] = [...counts].sort((a, b) => b[1] - a[1])[0];
    const strongest = members.reduce((best, node) =>
      model.influence[node] > model.influence[best] ? node : best
    );
    const where = most * 2 > members.length
      ? ` at ${visibleText(model.data.tokenTexts[position].trim() || "␣", 10)}`
      : "";
    return `L${from}${to > from ? `–${to}` : ""}${where}: ${
      shortName(model, model.nodes[strongest])
    }`;
  }

  function update(newModel: GraphModel, newShown: Shown) {
    [model, shown] = [newModel, newShown];
    const features = pinnedFeatures(), { groups } = store.state;
    const many = features.length > MOST_GROUPED;
    byId<HTMLButtonElement>("group-auto").disabled = features.length < 2 || many;
    byId("group-auto").title = many
      ? `at most ${MOST_GROUPED} features can be grouped; ${integer(features.length)} are pinned`
      : "average linkage on cosines of what features take and give";
    byId<HTMLButtonElement>("group-rest").disabled = features.length === 0;
    byId<HTMLButtonElement>("ungroup").disabled = groups.length === 0;
    byId<HTMLButtonElement>("unpin-all").disabled = store.state.pins.length === 0;
    const table = byId("subgraph-scores");
    table.hidden = features.length === 0;
    if (features.length > 0) table.replaceChildren(scoreTable(features));
    byId("group-list").replaceChildren(...groups.map((_, g) => groupItem(g)));
  }

  function scoreTable(features: number[]): HTMLElement {
    const { graph, data, K } = model;
    const inside = new Uint8Array(K);
    for (const node of features) inside[node] = 1;
    const own = subgraphScores(graph, inside);
    const floor = data.part || !data.complete
      ? null
      : randomSubgraphScores(graph, features.length, DRAWS);
    const row = (name: string, a: string, b: string, title: string) =>
      html(
        "tr",
        { title },
        html("th", { scope: "row" }, name),
        html("td", {}, a),
        html("td", {}, b),
      );
    const similar = similarity(features);
    return html(
      "table",
      {},
      html(
        "thead",
        {},
        html(
          "tr",
          {},
          html("td"),
          html("th", { scope: "col" }, plural(features.length, "feature")),
          html("th", { scope: "col" }, "at random"),
        ),
      ),
      html(
        "tbody",
        {},
        row(
          "Replacement",
          score(own.replacement),
          score(floor?.replacement),
          "features that are not pinned count as errors; floor: as many active features, mean of 20 draws. Groups do not change it",
        ),
        row(
          "Completeness",
          score(own.completeness),
          score(floor?.completeness),
          "features that are not pinned count as errors; floor: as many active features, mean of 20 draws. Groups do not change it",
        ),
        ...(similar
          ? [
            row(
              "Similarity in groups",
              number(similar.within),
              number(similar.between),
              "mean similarity of profiles of two features of a group; floor: of any two pinned features",
            ),
          ]
          : []),
      ),
    );
  }

  /** Returns the mean similarity of features in the same group, and of any two pinned features. */
  function similarity(features: number[]): { within: number; between: number } | null {
    const { groups } = store.state;
    if (groups.length === 0 || features.length < 2 || features.length > MOST_GROUPED) return null;
    const pairs = (list: number[]) => list.length * (list.length - 1) / 2;
    let sum = 0, count = 0;
    for (const { members } of groups) {
      const nodes = members.map((id) => model.byId.get(id)!).filter(({ kind }) =>
        kind === "feature"
      ).map(({ node }) => node);
      const { between } = profileGroups(model.graph, nodes, nodes.length, model.influence);
      if (between === undefined) continue;
      sum += between * pairs(nodes);
      count += pairs(nodes);
    }
    const { between } = profileGroups(model.graph, features, features.length, model.influence);
    return count === 0 || between === undefined ? null : { within: sum / count, between };
  }

  function groupItem(g: number): HTMLElement {
    const { groups } = store.state, { name, members } = groups[g];
    const input = html("input", {
      value: name,
      maxlength: 120,
      "aria-label": `Name of group ${g + 1}`,
    });
    input.addEventListener(
      "change",
      () =>
        store.set({
          groups: store.state.groups.map((group, i) =>
            i === g ? { ...group, name: input.value } : group
          ),
        }),
    );
    const dissolve = html("button", { class: "text" }, "Dissolve");
    dissolve.addEventListener(
      "click",
      () => store.set({ groups: store.state.groups.filter((_, i) => i !== g) }),
    );
    return html(
      "li",
      { "data-group": g % 8 },
      html("div", { class: "group-head" }, html("i", { class: "swatch" }), input, dissolve),
      html("div", { class: "members" }, ...members.map((id) => member(g, id))),
    );
  }

  function member(g: number, id: string): HTMLElement {
    const node = model.byId.get(id)!;
    const name = html(
      "button",
      { class: "text", title: longName(model, node) },
      visibleText(store.state.labels[id] ?? shortName(model, node), 20),
    );
    name.addEventListener("click", () => store.set({ clicked: id }));
    const out = html("button", {
      class: "text remove",
      "aria-label": `Remove ${shortName(model, node)} from group ${g + 1}`,
    }, "×");
    out.addEventListener(
      "click",
      () => store.set({ groups: withoutMember(store.state.groups, id) }),
    );
    return html("span", { class: "member" }, name, out);
  }
  return { update };
}
