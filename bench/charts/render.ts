/**
 * Spec → SVG → PNG, without a browser. The same spec gives the same bytes on every machine: the
 * fonts are shipped, nothing is dated, and ids are counted from 0 for each chart.
 */
import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';
import * as vega from 'vega';
import { compile } from 'vega-lite';
import { font, type Spec } from './spec.ts';

const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) =>
  fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}`)),
);
const scale = 1.5;
/** Warnings are about taste (shapes have no order); a spec that is wrong throws. */
const logger = vega.logger(vega.Error);

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Rejects where the spec is not valid. */
export async function renderSvg(spec: Spec, title: string): Promise<string> {
  vega.resetSVGDefIds();
  const view = new vega.View(vega.parse(compile(spec, { logger }).spec), { renderer: 'none' });
  try {
    const svg = await view.toSVG();
    // For screen readers; the first child of the root element.
    return svg.replace(/(<svg[^>]*>)/, `$1<title>${escapeXml(title)}</title>`);
  } finally {
    view.finalize();
  }
}

/** Without a font, text would silently vanish: so only the shipped ones are used. */
export function renderPng(svg: string): Uint8Array {
  const image = new Resvg(svg, {
    background: '#ffffff',
    fitTo: { mode: 'zoom', value: scale },
    font: { fontFiles, loadSystemFonts: false, defaultFontFamily: font },
  });
  return image.render().asPng();
}
