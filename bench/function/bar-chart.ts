import { scaleLinear } from 'd3-scale';

interface Bar {
  readonly label: string;
  readonly value: number;
  /** Stands out. */
  readonly ours: boolean;
}

const width = 860;
const row = 34;
const top = 40;
const labels = 330;

/** Text in a picture. */
export const escapeXml = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** Follows the reader's light or dark ground. */
export const pictureStyle = `
  svg { color: #24292f; font: 13px system-ui, sans-serif; }
  text { fill: currentColor; }
  .title { font-weight: 600; }
  @media (prefers-color-scheme: dark) { svg { color: #e6edf3; } }`;

/** Horizontal bars with their values, as SVG. */
export const barChart = (title: string, bars: readonly Bar[]): string => {
  const x = scaleLinear([0, Math.max(...bars.map(({ value }) => value))], [0, width - labels - 70]);
  const rows = bars.map(({ label, value, ours }, index) => {
    const y = top + index * row;
    return `<text x="${labels - 10}" y="${y + 18}" text-anchor="end">${escapeXml(label)}</text><rect x="${labels}" y="${y}" width="${x(value).toFixed(1)}" height="24" rx="3" fill="${ours ? '#1a7f37' : '#8c959f'}"/><text x="${(labels + x(value) + 8).toFixed(1)}" y="${y + 18}">${value.toFixed(0)}</text>`;
  });
  const height = top + bars.length * row + 10;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}">
<style>${pictureStyle}
</style>
<text class="title" x="10" y="24">${escapeXml(title)}</text>
${rows.join('\n')}
</svg>
`;
};
