/** Whether this node holds a role of the cluster now. */
export interface RoleOracle {
  /** undefined: not known, and to be taken as no. */
  holds(role: string): boolean | undefined;
}
