/** What a figure is: Plotly's traces and layout, with a title, a caption and a size. */

/** A Plotly trace. */
export type Trace = Record<string, unknown>;

/** A figure: what Plotly draws, with its title, caption and size. */
export interface Figure {
  /** plain text */
  title: string;
  /** a sentence or two under the title; plain text */
  caption: string;
  /** Plotly's traces */
  data: Trace[];
  /** Plotly's layout */
  layout: Record<string, unknown>;
  /** pixels of the static picture; the page is as wide as its window */
  width: number;
  /** pixels, in the picture and on the page */
  height: number;
  /** title inside pictures, which else have none */
  heading?: string;
  /** caption inside pictures, under their title; others have none */
  note?: string;
}
