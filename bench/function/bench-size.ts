import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hierarchy, treemap, treemapSquarify } from 'd3-hierarchy';
import { bundle, functions } from '../../infra/build/bundle.ts';
import { type BenchResult, number, type Report } from '../table.ts';
import { escapeXml, pictureStyle } from './bar-chart.ts';
import { packageSizes } from './package-sizes.ts';
import { sizeOf } from './variants.ts';

interface Box {
  readonly name: string;
  readonly bytes?: number;
  readonly children?: readonly Box[];
}

const size = { width: 860, height: 480 };

const colourOf = (name: string): string =>
  name.startsWith('lambda')
    ? '#1a7f37'
    : /^@(aws-sdk|smithy|aws)\//.test(name)
      ? '#b45309'
      : name === 'axios'
        ? '#6639ba'
        : '#0a5cb8';

/** A treemap of a bundle: one box a package, its area its size. */
export const treemapPicture = (title: string, sizes: ReadonlyMap<string, number>): string => {
  const root = hierarchy<Box>({
    name: title,
    children: [...sizes].map(([name, bytes]) => ({ name, bytes })),
  }).sum(({ bytes = 0 }) => bytes);
  const laidOut = treemap<Box>()
    .tile(treemapSquarify)
    .size([size.width, size.height - 34])
    .padding(1)
    .round(true)(root);
  const boxes = laidOut.leaves().map(({ x0, x1, y0, y1, data: { name, bytes = 0 } }) => {
    const [width, height] = [x1 - x0, y1 - y0];
    const room = Math.floor((width - 8) / 6.6);
    const label = [name, name.split('/').at(-1) ?? ''].find(({ length }) => length <= room) ?? '';
    const fits = label !== '' && height > 18;
    const kB = `${(bytes / 1000).toFixed(0)} kB`;
    return [
      `<g transform="translate(${x0},${y0 + 34})"><title>${escapeXml(name)}: ${kB}</title>`,
      `<rect width="${width}" height="${height}" fill="${colourOf(name)}"/>`,
      fits ? `<text class="box" x="6" y="15">${escapeXml(label)}</text>` : '',
      fits && height > 34 ? `<text class="box" x="6" y="30">${kB}</text>` : '',
      '</g>',
    ].join('');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escapeXml(title)}">
<style>${pictureStyle}
  .box { fill: #fff; font-size: 12px; }
</style>
<text class="title" x="2" y="22">${escapeXml(title)}</text>
${boxes.join('\n')}
</svg>
`;
};

/** Size of every function, by package. */
export const benchSize = async (report: Report): Promise<BenchResult> => {
  const folder = fileURLToPath(new URL(`../../dist/bench-size-${process.pid}`, import.meta.url));
  try {
    const built = await Promise.all(
      Object.entries(functions).map(async ([name, entry]) => {
        report(`building ${name}`);
        const file = `${folder}/${name}.mjs`;
        const { metafile } = await bundle(entry, file);
        return { name, packages: packageSizes(metafile), ...sizeOf(file) };
      }),
    );
    const packages = [...new Set(built.flatMap((one) => [...one.packages.keys()]))];
    const init = built.find(({ name }) => name === 'init');
    return {
      figures: built.map(({ packages: sizes, ...one }) => ({ ...one, packages: Object.fromEntries(sizes) })),
      tables: [
        {
          title: 'Size of the built functions by package, kB minified',
          rows: [
            ['', ...built.map(({ name }) => name)],
            ['**all, minified**', ...built.map(({ kB }) => number(kB))],
            ['**all, gzip**', ...built.map(({ gzipKB }) => number(gzipKB))],
            ...packages
              .filter((name) => built.some((one) => (one.packages.get(name) ?? 0) >= 1000))
              .map((name) => [
                name,
                ...built.map((one) => {
                  const bytes = one.packages.get(name);
                  return bytes === undefined ? '' : (bytes / 1000).toFixed(1);
                }),
              ]),
          ],
        },
      ],
      ...(init === undefined
        ? {}
        : {
            pictures: {
              'performance-bundle.svg': treemapPicture(
                `What the bundle of init consists of: ${number(init.kB)} kB minified`,
                init.packages,
              ),
            },
          }),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
