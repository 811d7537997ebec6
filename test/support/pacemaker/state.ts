/** What crm_mon(8) says of a cluster, in XML of its own making: attributes of a few elements are read. */
type Attributes = Readonly<Record<string, string>>;

function elements(text: string, name: string): readonly Attributes[] {
  return [...text.matchAll(new RegExp(`<${name} ([^>]*?)/?>`, 'g'))].map((match) => attributes(match[1] ?? ''));
}

function attributes(text: string): Attributes {
  return Object.fromEntries([...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]));
}

export class ClusterState {
  constructor(readonly text: string) {}

  get online(): readonly string[] {
    return elements(this.#section('nodes'), 'node').filter(({ online, pending }) => online === 'true' && pending !== 'true').map(({ name = '' }) => name);
  }

  /** Nodes on which this resource is active, in any role. */
  nodesOf(resource: string): readonly string[] {
    return this.#instances(resource).filter(({ role }) => role !== 'Stopped').flatMap(({ nodes }) => nodes);
  }

  nodesInRole(resource: string, role: string): readonly string[] {
    return this.#instances(resource).filter((instance) => instance.role === role).flatMap(({ nodes }) => nodes);
  }

  /** Started, and nothing is under way with it. */
  runsOn(resource: string): string | undefined {
    const [instance, ...others] = this.#instances(resource).filter(({ role }) => role !== 'Stopped');
    if (instance === undefined || others.length > 0 || instance.nodes.length !== 1) return undefined;
    return instance.role === 'Started' && !instance.failed && !instance.pending ? instance.nodes[0] : undefined;
  }

  /** An operation is under way with it. */
  isBusy(resource: string): boolean {
    return this.#instances(resource).some(({ pending, failed }) => pending || failed);
  }

  isFailed(resource: string): boolean {
    return this.#instances(resource).some(({ failed }) => failed);
  }

  /** Of failed operations, in crm_mon's words. */
  get failures(): readonly Attributes[] {
    return elements(this.text, 'failure');
  }

  /** @param node where; all of them together by default */
  failCount(resource: string, node?: string): number {
    const text = node === undefined ? this.text : (new RegExp(`<node name="${node}">[\\s\\S]*?</node>`).exec(this.#section('node_history'))?.[0] ?? '');
    return elements(text, 'resource_history').filter(({ id }) => id === resource).reduce((sum, attributes) => sum + Number(attributes['fail-count'] ?? 0), 0);
  }

  #instances(resource: string): readonly { role: string; failed: boolean; pending: boolean; nodes: readonly string[] }[] {
    return [...this.#section('resources').matchAll(/<resource ([^>]*?)(\/>|>([\s\S]*?)<\/resource>)/g)].flatMap((match) => {
      const { id, role = '', failed, pending } = attributes(match[1] ?? '');
      if (id?.split(':')[0] !== resource) return [];
      return [{ role, failed: failed === 'true', pending: pending !== undefined, nodes: elements(match[3] ?? '', 'node').map(({ name = '' }) => name) }];
    });
  }

  #section(name: string): string {
    return new RegExp(`<${name}>[\\s\\S]*?</${name}>`).exec(this.text)?.[0] ?? '';
  }
}
