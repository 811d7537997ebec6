/** Tells what was measured as soon as it is: what fails later takes nothing with it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

import { inJson, placed, sectionText, type Section } from './figures.mjs';

const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));

export interface Failure {
  /** Of the section. */
  readonly name: string;
  /** What of it. */
  readonly what: string;
  readonly why: string;
}

interface Told {
  readonly section: Section;
  readonly leftOut: readonly string[];
}

/** What the programs hand to run.mts. */
export interface Results {
  readonly sections: readonly (Omit<Section, 'parts'> & { readonly header: string; readonly leftOut: readonly string[] })[];
  readonly failed: readonly Failure[];
}

export interface Ways {
  /** Where the JSON goes. */
  readonly json: string | undefined;
  /** Whether the tables go into the document. */
  readonly write: boolean;
  readonly document?: string;
  readonly print?: (text: string) => void;
  readonly complain?: (text: string) => void;
}

/** Date and machine. */
export function machine(now = new Date()): string {
  return `${now.toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}`;
}

export class Report {
  readonly #told: Told[] = [];
  readonly #failed: Failure[] = [];

  /** @param header above each table in the document */
  constructor(private readonly header: string, private readonly ways: Ways) {}

  /** Several sections of one name are one place of the document. */
  tell(section: Section, leftOut: readonly string[] = []): void {
    this.#told.push({ section, leftOut });
    (this.ways.print ?? ((text) => void process.stdout.write(text)))(`${sectionText(section)}\n\n${this.#above(section.name)}\n\n`);
    this.#keep();
    this.#place(section.name);
  }

  /** @returns false where it has failed, which is told */
  async attempt(name: string, what: string, measure: () => Promise<void> | void): Promise<boolean> {
    try {
      await measure();
      return true;
    } catch (error) {
      this.fail(name, what, error);
      return false;
    }
  }

  fail(name: string, what: string, error: unknown): void {
    const why = (error instanceof Error ? error.message : String(error)).trim();
    this.#failed.push({ name, what, why });
    (this.ways.complain ?? ((text) => void process.stderr.write(text)))(`bench: ${name}: ${what} failed: ${why}\n`);
    this.#keep();
    try {
      this.#place(name);
    } catch (placing) {
      // A section without a place has told so by its own failure.
      if (!(error instanceof Error && placing instanceof Error && error.message === placing.message)) throw placing;
    }
  }

  /** Exit status. */
  get status(): number {
    return this.#failed.length === 0 ? 0 : 1;
  }

  #above(name: string): string {
    const leftOut = new Set(this.#told.filter(({ section }) => section.name === name).flatMap((told) => told.leftOut));
    const failed = this.#failed.filter((failure) => failure.name === name).map(({ what, why }) => `Failed: ${what}: ${why.split('\n')[0] ?? ''}.`);
    return [this.header, ...[...leftOut].map((text) => `Left out: ${text}.`), ...failed].join(' ');
  }

  #keep(): void {
    const results: Results = { sections: this.#told.map(({ section, leftOut }) => ({ name: section.name, title: section.title, bars: section.bars, figures: section.figures, header: this.header, leftOut })), failed: this.#failed };
    if (this.ways.json !== undefined) writeFileSync(this.ways.json, `${JSON.stringify(results, inJson)}\n`);
  }

  #place(name: string): void {
    const { write, document = DOCUMENT } = this.ways;
    const texts = this.#told.filter(({ section }) => section.name === name).map(({ section }) => sectionText(section));
    if (write && texts.length > 0) writeFileSync(document, placed(readFileSync(document, 'utf8'), name, [this.#above(name), ...texts].join('\n\n')));
  }
}
