/** How the load is spread over the slaves: bars with the fair share, and the same as a radar. */
import type { SlaveShare, SlaveShares } from './data.ts';
import { type Axis, axisTitle } from './lines.ts';
import { type Caption, colours, frame, inline, type Spec } from './spec.ts';

const columns = 5;
const barWidth = 150;
const radarSize = 170;
/** Full for the share, dashed for the fair one. */
const dashes = [
  [1, 0],
  [4, 3],
];

export function shareBars({ shares }: SlaveShares, axis: Axis, caption: Caption): Spec {
  const rows = shares.map((share) => ({ ...share, panel: share[axis] }));
  const x = { field: 'slave', type: 'ordinal' as const, title: 'slave', axis: { labelAngle: 0 } };
  const y = { type: 'quantitative' as const, title: 'share', axis: { format: '.0%' } };
  return {
    ...frame(caption),
    data: inline(rows),
    facet: { field: 'panel', type: 'ordinal', title: axisTitle(axis) },
    columns,
    spec: {
      width: barWidth,
      height: barWidth,
      layer: [
        {
          mark: { type: 'bar', color: colours.blue },
          encoding: { x, y: { ...y, field: 'share', scale: { zero: true } } },
        },
        {
          // The fair share: every slave the same.
          mark: { type: 'tick', color: colours.red, thickness: 2, bandSize: 18 },
          encoding: { x, y: { ...y, field: 'fair' } },
        },
      ],
    },
    resolve: { scale: { x: 'independent', y: 'independent' } },
  };
}

interface RadarPoint {
  readonly panel: number;
  readonly line: 'share' | 'fair share';
  readonly order: number;
  readonly px: number;
  readonly py: number;
}

/** Polar to plane: slave 1 is at the top, the fair share at radius 1. */
function radarPoints(shares: readonly SlaveShare[], axis: Axis): RadarPoint[] {
  const panels = Map.groupBy(shares, (share) => `${share.clients}/${share.slaves}`);
  return [...panels.values()].flatMap((group) => {
    // A radar of one or two arms is no shape.
    if (group.length < 3) return [];
    const closed = [...group, group[0]!];
    return closed.flatMap((share, order) => {
      const angle = (2 * Math.PI * (share.slave - 1)) / group.length;
      const at = (line: RadarPoint['line'], radius: number): RadarPoint => ({
        panel: share[axis],
        line,
        order,
        px: radius * Math.sin(angle),
        py: radius * Math.cos(angle),
      });
      return [at('share', share.share / share.fair), at('fair share', 1)];
    });
  });
}

export function shareRadar({ shares }: SlaveShares, axis: Axis, caption: Caption): Spec {
  const points = radarPoints(shares, axis);
  const reach = Math.max(1.5, ...points.map(({ px, py }) => Math.hypot(px, py))) * 1.05;
  const position = (field: string) => ({
    field,
    type: 'quantitative' as const,
    axis: null,
    scale: { domain: [-reach, reach] },
  });
  const line = { field: 'line', type: 'nominal' as const, title: null };
  const domain = ['share', 'fair share'];
  return {
    ...frame(caption),
    data: inline(points),
    facet: { field: 'panel', type: 'ordinal', title: axisTitle(axis) },
    columns,
    spec: {
      width: radarSize,
      height: radarSize,
      mark: { type: 'line', strokeWidth: 1.8, point: { size: 26 } },
      encoding: {
        x: position('px'),
        y: position('py'),
        order: { field: 'order', type: 'quantitative' },
        color: { ...line, scale: { domain, range: [colours.blue, colours.red] } },
        strokeDash: { ...line, scale: { domain, range: [...dashes] } },
      },
    },
  };
}
