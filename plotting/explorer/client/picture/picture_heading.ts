/** Writes what a saved picture of a circuit shows: title, step and circuit, legend. */
import { taskTitle } from "../../../display_names.ts";
import { type HeadingLine, integer, percent, themeValue } from "../../../page/client/mod.ts";
import { drawnNote } from "../circuit_math.ts";
import { comparisonOf } from "../comparison.ts";
import type { ShownSummary } from "../shown.ts";
import type { State } from "../state.ts";

/** Returns the lines above the picture. */
export function pictureHeading(summary: ShownSummary, state: State): HeadingLine[] {
  const { step, able, edges, circuit, faithfulness } = summary.checkpoints[state.index];
  const size = able
    ? `${integer(edges)} of ${integer(summary.nEdges)} edges, faithfulness ${percent(faithfulness)}`
    : "the model does not do the task";
  const named = `${summary.model}, ${taskTitle(summary.task)}`;
  const shown = drawnNote(state, circuit.length);
  const key = (
    text: string,
    colour: string,
    sample = "——",
  ) => [{ text: `${sample}\u00a0`, colour }, { text: `${text}\u00a0\u00a0\u00a0` }];
  const kinds = [
    ...([["query", "--q", "q"], ["key", "--k", "k"], ["value", "--v", "v"]] as const),
    ["MLPs, logits", "--o", "o"] as const,
  ].filter(([, , letter]) => !state.hidden.has(letter));
  const comparison = comparisonOf(summary, state);
  const legend = comparison
    ? [
      ...key("only here", themeValue("--plus")),
      ...key(
        `only ${comparison.run ? "in" : "at"} ${comparison.name}, dotted`,
        themeValue("--minus"),
      ),
      ...key("in both", themeValue("--faint")),
    ]
    : state.colour === "sign"
    ? [
      ...key("positive score", themeValue("--plus")),
      ...key("negative, dashed", themeValue("--minus")),
    ]
    : [
      ...kinds.flatMap(([name, variable]) => key(name, themeValue(variable))),
      { text: "dashed: negative score" },
    ];
  const roles = [...document.querySelectorAll<HTMLElement>("#roles .role-key")].flatMap((role) =>
    key(role.textContent ?? "", getComputedStyle(role.querySelector("i")!).backgroundColor, "■")
  );
  return [
    {
      size: 15,
      pieces: [{ text: `${summary.title ?? named}, step ${integer(step)}` }],
    },
    { size: 11, pieces: [{ text: `${size}${shown}. Scores by ${summary.method}.` }] },
    { size: 11, pieces: legend },
    ...roles.length > 0 ? [{ size: 11, pieces: roles }] : [],
    ...linesOf(summary.caption ?? "").map((text) => ({ size: 11, pieces: [{ text }] })),
  ];
}

/** Returns a text in lines that fit the narrowest picture. */
function linesOf(text: string, width = 110): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
