/** The scalability law over the measured points, and what it leaves unexplained. */
import type { ChartPoint } from './data.ts';
import { bandOf, type Fit, fitLaw, type Point, pointsMin, predict } from './law.ts';
import { type Axis, axisTitle } from './lines.ts';
import { type Caption, colours, frame, inline, panelWidth, type Spec } from './spec.ts';

/**
 * With think time a client is mostly at rest, so the population that really uses the server is
 * N = X·R, R being the mean latency.
 */
function lawPoints(points: readonly ChartPoint[], axis: Axis): Point[] {
  return points.flatMap(({ metrics, thinkMs, valid, ...point }) => {
    const x = metrics.throughput_rps?.middle;
    const [reads, writes] = [metrics.read_count?.middle ?? 0, metrics.write_count?.middle ?? 0];
    if (!valid || x === undefined || x <= 0) return [];
    if (axis === 'slaves' || thinkMs === 0) return [{ n: point[axis], x }];
    const waitedUs =
      reads * (metrics.read_latency_us?.middle ?? 0) +
      writes * (metrics.write_latency_us?.middle ?? 0);
    return [{ n: (x * waitedUs) / (reads + writes) / 1e6, x }];
  });
}

const number = (value: number, digits: number) => Number(value.toPrecision(digits)).toString();

export function fitText(fit: Fit | null): string {
  if (fit === null) return `no fit: fewer than ${pointsMin} valid levels, or no such law`;
  const peak = fit.peak === null ? 'no peak' : `peak at ${number(fit.peak, 3)}`;
  return (
    `λ ${number(fit.lambda, 4)}/s, α ${number(fit.alpha, 3)}, β ${number(fit.beta, 3)}, ${peak}, ` +
    `R² ${fit.rSquared.toFixed(3)}, residual ${number(fit.residual, 3)} op/s`
  );
}

function population(axis: Axis) {
  return {
    field: 'n',
    type: 'quantitative' as const,
    title: axisTitle(axis),
    scale: { domainMin: 0 },
  };
}

function curveLayers(axis: Axis) {
  const x = population(axis);
  const y = { type: 'quantitative' as const, title: 'op/s', scale: { zero: true } };
  return [
    {
      transform: [{ filter: "datum.kind === 'curve'" }],
      mark: { type: 'area' as const, color: colours.sky, opacity: 0.3 },
      encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
    },
    {
      transform: [{ filter: "datum.kind === 'curve'" }],
      mark: { type: 'line' as const, color: colours.blue },
      encoding: { x, y: { ...y, field: 'fitted' } },
    },
    {
      transform: [{ filter: "datum.kind === 'point'" }],
      mark: { type: 'point' as const, filled: true, size: 50, color: colours.red, opacity: 1 },
      encoding: { x, y: { ...y, field: 'measured' } },
    },
  ];
}

export function scalabilityChart(
  points: readonly ChartPoint[],
  axis: Axis,
  caption: Caption,
): Spec {
  const measured = lawPoints(points, axis);
  const fit = fitLaw(measured);
  const curve = fit === null ? [] : bandOf(measured, fit);
  const dots = measured.map(({ n, x }) => ({
    kind: 'point',
    n,
    measured: x,
    residual: fit === null ? null : x - predict(fit, n),
  }));
  const x = population(axis);
  return {
    ...frame({ title: caption.title, subtitle: [...caption.subtitle, fitText(fit)] }),
    data: inline([...curve.map((point) => ({ kind: 'curve', ...point })), ...dots]),
    vconcat: [
      { width: panelWidth * 1.5, height: 240, layer: curveLayers(axis) },
      {
        width: panelWidth * 1.5,
        height: 90,
        transform: [{ filter: "datum.kind === 'point'" }],
        mark: { type: 'bar', width: 6, color: colours.grey },
        encoding: {
          x,
          y: { field: 'residual', type: 'quantitative', title: 'measured − fitted' },
        },
      },
    ],
    resolve: { scale: { x: 'shared' } },
  };
}
