/** Writes what a saved picture of a circuit shows: title, step and circuit, legend. */
import { taskTitle } from "../../display_names.ts";
import { type HeadingLine, integer, percent, themeValue } from "../../page/client/mod.ts";
import type { ShownSummary } from "./shown.ts";
import type { State } from "./state.ts";

/** Returns the lines above the picture. */
export function pictureHeading(summary: ShownSummary, state: State): HeadingLine[] {
  const { step, able, edges, faithfulness } = summary.checkpoints[state.index];
  const circuit = able
    ? `${integer(edges)} of ${integer(summary.nEdges)} edges, faithfulness ${percent(faithfulness)}`
    : "the model does not do the task";
  const shown = state.top === null ? "" : `, the ${integer(state.top)} strongest drawn`;
  const key = (text: string, colour: string) => [{ text: "—— ", colour }, { text: `${text}   ` }];
  const kinds = [
    ...([["query", "--q", "q"], ["key", "--k", "k"], ["value", "--v", "v"]] as const),
    ["MLPs, logits", "--o", "o"] as const,
  ].filter(([, , letter]) => !state.hidden.has(letter));
  const legend = state.colour === "sign"
    ? [
      ...key("positive score", themeValue("--plus")),
      ...key("negative, dashed", themeValue("--minus")),
    ]
    : [
      ...kinds.flatMap(([name, variable]) => key(name, themeValue(variable))),
      { text: "dashed: negative score" },
    ];
  return [
    {
      size: 15,
      pieces: [{ text: `${summary.model}, ${taskTitle(summary.task)}, step ${integer(step)}` }],
    },
    { size: 11, pieces: [{ text: `${circuit}${shown}. Scores by ${summary.method}.` }] },
    { size: 11, pieces: legend },
  ];
}
