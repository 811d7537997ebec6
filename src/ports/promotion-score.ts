/** How fit a node is to be promoted, as the cluster weighs it: the highest score wins, and none means never. */
export interface PromotionScores {
  /** @param score undefined: withdrawn. @returns why the cluster could not be told; undefined: it knows */
  set(resource: string, node: string, score: number | undefined): Promise<string | undefined>;
}
