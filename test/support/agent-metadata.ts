/** What the OCF agents of scripts/ocf say of themselves. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const AGENTS = fileURLToPath(new URL('../../scripts/ocf', import.meta.url));

export interface AgentParameter {
  readonly name: string;
  readonly required: boolean;
  readonly default: string | undefined;
  /** Paragraphs. */
  readonly description: readonly string[];
}

export interface AgentMetadata {
  readonly name: string;
  readonly short: string;
  readonly description: readonly string[];
  readonly parameters: readonly AgentParameter[];
  /** "monitor timeout=20s interval=10s depth=0" */
  readonly actions: readonly string[];
}

export function agents(): readonly AgentMetadata[] {
  return readdirSync(AGENTS).sort().map(metadata);
}

function metadata(name: string): AgentMetadata {
  const { status, stdout, stderr } = spawnSync('/bin/sh', [`${AGENTS}/${name}`, 'meta-data'], { encoding: 'utf8', timeout: 20_000 });
  if (status !== 0) throw new Error(`meta-data of ${name}: ${stderr}`);
  const [head = ''] = stdout.split('<parameters>');
  return {
    name,
    short: text(head, 'shortdesc'),
    description: paragraphs(head),
    parameters: [...stdout.matchAll(/<parameter ([^>]*)>([^]*?)<\/parameter>/g)].map(([, attributes = '', body = '']) => ({
      name: attribute(attributes, 'name') ?? '',
      required: attribute(attributes, 'required') === '1',
      default: attribute(/<content ([^>]*)\/>/.exec(body)?.[1] ?? '', 'default'),
      description: paragraphs(body),
    })),
    actions: [...stdout.matchAll(/<action ([^>]*)\/>/g)].map(([, attributes = '']) => {
      const others = [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].filter(([, key]) => key !== 'name').map(([, key, value]) => `${key ?? ''}=${value ?? ''}`);
      return [attribute(attributes, 'name') ?? '', ...others].join(' ');
    }),
  };
}

function attribute(attributes: string, name: string): string | undefined {
  return new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1];
}

function text(xml: string, element: string): string {
  return unescaped(new RegExp(`<${element}[^>]*>([^]*?)</${element}>`).exec(xml)?.[1] ?? '').trim();
}

function paragraphs(xml: string): readonly string[] {
  return text(xml, 'longdesc').split(/\n\s*\n/).map((part) => part.trim().replace(/\s*\n\s*/g, ' '));
}

function unescaped(xml: string): string {
  return xml.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}
