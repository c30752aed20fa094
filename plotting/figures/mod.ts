/**
 * Holds the building blocks of figures: panels, models, axes over training, heat maps, labels of points, and the Plotly
 * page and command line around them.
 *
 * @module
 */
export { adjusted, type FigureOptions } from "./adjusted.ts";
export { NEUTRAL, STEP_COLOURS, stepColour, translucent } from "./colours.ts";
export { allSteps, type HeadLine, headLines, pictureSteps, spreadSteps } from "./head_series.ts";
export {
  colourAxis,
  colourAxisName,
  headAxes,
  heatTrace,
  slider,
  type SliderStep,
} from "./heat_maps.ts";
export { logAxis, logTicks } from "./log_axis.ts";
export { baseModel, compareModels, modelColour, PARAMETERS, tokensPerStep } from "./models.ts";
export { axesOf, levelLine, lineKeys, type Panel, panelGrid } from "./panels.ts";
export {
  type FilesCommand,
  type PlotCommand,
  plotCommand,
  type PlotOptions,
  requirePaths,
  runPlot,
  tellUserErrors,
} from "./plot_command.ts";
export type { Figure, Trace } from "./figure.ts";
export { plotlyImage, plotlyPage, saveFigure } from "./plotly_page.ts";
export { type LabelPosition, placeLabels } from "./point_labels.ts";
export { byRun, leftOut, type Run, runDash, type RunLook, runLooks } from "./runs.ts";
export { givenSummaries, summaryCommand } from "./summary_command.ts";
export {
  type EndLabel,
  endLabels,
  HEAD_COLOURS,
  HeadPalette,
  logRange,
  SMOOTHED,
  smoothed,
  smoothedLine,
  spreadLabels,
  type TimeAxis,
  timeAxis,
} from "./time_lines.ts";
