/**
 * Draws the figure of a Plotly page with the settings that all figures share, in the page's colours and font. Redraws
 * it when the reader's system switches between light and dark. `globalThis.drawn` is the promise of the first
 * drawing, for programs that take pictures.
 */
import { applyTheme, embedded, onSystemTheme, themeValue } from "../page/client/mod.ts";

type Settings = Record<string, unknown>;

interface PlotlyFigure {
  data: Settings[];
  layout: Settings;
}

/** The library, which the page loads before this script. */
declare const Plotly: {
  react(id: string, data: Settings[], layout: Settings, config: Settings): Promise<unknown>;
};

const figure = embedded<PlotlyFigure>("figure");

/** Returns the layout with the common settings added. The figure's own settings take precedence. */
function themed(layout: Settings): Settings {
  const [paper, ink, soft] = [themeValue("--paper"), themeValue("--ink"), themeValue("--soft")];
  const line = themeValue("--faint");
  const axis = {
    ticklen: 4,
    zeroline: false,
    automargin: true,
    gridcolor: themeValue("--hair"),
    linecolor: line,
    tickcolor: line,
    zerolinecolor: line,
  };
  const family = themeValue("--sans").replaceAll('"', "");
  const result: Settings = {
    hovermode: "closest",
    hoverlabel: { font: { size: 12 } },
    ...layout,
    font: { size: 12, ...layout.font as Settings, family, color: soft },
    paper_bgcolor: paper,
    plot_bgcolor: paper,
  };
  for (const key of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
    result[key] = { ...axis, ...layout[key] as Settings };
  }
  result.annotations = (layout.annotations as Settings[] | undefined ?? []).map((note) => ({
    ...note,
    font: { color: note.name === "title" ? ink : soft, ...note.font as Settings },
  }));
  return result;
}

function draw(): Promise<unknown> {
  applyTheme("auto");
  const config = { responsive: true, displaylogo: false };
  return Plotly.react("plot", figure.data, themed(figure.layout), config);
}

onSystemTheme(draw);
Object.assign(globalThis, { drawn: draw() });
