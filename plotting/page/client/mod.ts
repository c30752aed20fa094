/**
 * Holds the part of the kit that runs inside a page: state and its address, elements, theme, tooltip, zoom, scales and
 * axes, numbers, saving, and the player and
 * curves over checkpoints. A page's entry module imports from here. The bundle omits what the page does not use.
 *
 * @module
 */
export { type AddressField, choiceField, readAddress, writeAddress } from "./address.ts";
export { axes, bandPath, type Frame, linePath } from "./axes.ts";
export { connectChoices } from "./choices.ts";
export { type Attributes, byId, embedded, html, svg, whenParsed } from "./dom.ts";
export { type HeadingLine, pngOf, saveFile, standaloneSvg } from "./export.ts";
export { axisPercent, integer, number, percent, plural, shortStep } from "./format.ts";
export { afterPaint, atMostEvery, oncePerFrame, onResize } from "./frames.ts";
export { gapsOf, hatched } from "./hatch.ts";
export { type Labels, type LabelStore, openLabels } from "./labels.ts";
export { linearScale, logScale, niceTicks, rangeOf, type Scale, stepScale } from "./scales.ts";
export { printSvg } from "./print.ts";
export { createStore, type Store } from "./store.ts";
export { applyTheme, isDark, onSystemTheme, type ThemeChoice, themeValue } from "./theme.ts";
export { fact, hideTooltip, showTooltip, titled, type WindowPoint } from "./tooltip.ts";
export { createPlayer, type Player, type PlayerOptions } from "./training/player.ts";
export {
  type ChartSpec,
  createTimelineChart,
  type Series,
  type TimelineChart,
} from "./training/timeline.ts";
export {
  enableZoom,
  fitView,
  pictureAt,
  type Point,
  type Size,
  type View,
  zoomAt,
  type ZoomOptions,
} from "./zoom.ts";
