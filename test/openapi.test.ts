import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { openApiDocument } from '../infra/build/openapi.ts';
import { initPath, problems } from '../lambda/contract.ts';

describe('The OpenAPI document', () => {
  it('is what the contract says now; `npm run openapi` writes it anew', () => {
    const written: unknown = JSON.parse(
      readFileSync(new URL('../docs/api/openapi.json', import.meta.url), 'utf8'),
    );
    expect(written).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
  });

  it('names every problem code under its status', () => {
    const document = JSON.parse(JSON.stringify(openApiDocument()));
    const { responses } = document.paths[initPath].post;
    for (const [code, { status }] of Object.entries(problems)) {
      expect(responses[status].description).toContain(`\`${code}\``);
    }
  });
});
