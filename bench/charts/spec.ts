/** The looks that all charts share, and the frame of one. */
import type { TopLevelSpec } from 'vega-lite';

export type Spec = TopLevelSpec;

export const font = 'DejaVu Sans';
/** Okabe and Ito: told apart with any colour vision. */
export const colours = Object.freeze({
  blue: '#0072B2',
  orange: '#E69F00',
  green: '#009E73',
  red: '#D55E00',
  purple: '#CC79A7',
  sky: '#56B4E9',
  grey: '#666666',
});
export const panelWidth = 380;
export const panelHeight = 260;

export interface Caption {
  readonly title: string;
  /** Where the numbers come from and how to read them. */
  readonly subtitle: readonly string[];
}

/** Everything of a spec but its data and marks. */
export function frame({ title, subtitle }: Caption) {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: '#ffffff',
    padding: 12,
    title: {
      text: title,
      subtitle: [...subtitle],
      anchor: 'start' as const,
      fontSize: 15,
      subtitleFontSize: 11,
      subtitleColor: colours.grey,
      subtitlePadding: 4,
      offset: 12,
    },
    config: {
      font,
      view: { stroke: '#cccccc' },
      axis: {
        labelFontSize: 11,
        titleFontSize: 11,
        gridColor: '#eeeeee',
        titleFontWeight: 'normal' as const,
      },
      legend: {
        symbolOpacity: 1,
        labelFontSize: 11,
        titleFontSize: 11,
        titleFontWeight: 'normal' as const,
      },
      header: { labelFontSize: 12, titleFontSize: 11 },
      range: { category: Object.values(colours) },
    },
  };
}

/** The numbers of a chart are data of the spec, in a fixed order, so that bytes are too. */
export const inline = (values: readonly object[]) => ({ values: values.map((v) => ({ ...v })) });
