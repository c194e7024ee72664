/**
 * The ids of nodes: `0001` and up, four digits, as ElastiCache counts them. A new node takes the lowest free number, because
 * Terraform removes "the highest ids" by counting down from the size. Called by cluster-changes.ts; pure.
 */
const DIGITS = 4;

export function nodeId(number: number): string {
  return String(number).padStart(DIGITS, '0');
}

/** As many ids as asked, the lowest that are not taken, in order. */
export function freeNodeIds(taken: ReadonlySet<string>, count: number): readonly string[] {
  const ids: string[] = [];
  for (let number = 1; ids.length < count; number++) {
    if (!taken.has(nodeId(number))) ids.push(nodeId(number));
  }
  return ids;
}

export function byNodeId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : Number(a.id > b.id);
}
