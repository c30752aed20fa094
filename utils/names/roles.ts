/** Roles of heads, in one order for all files and pages. */

/** Roles that are measured on indirect-object prompts. */
const IOI_ROLES: readonly string[] = [
  "S suppression",
  "S2 inhibition",
  "name mover",
  "negative name mover",
];

/** All roles. A role's place gives its colour, the same on every page. */
export const ROLES: readonly string[] = [
  ...IOI_ROLES,
  "copy suppression",
  "induction",
  "duplicate token",
  "previous token",
  "successor",
];

/** Returns whether a role is measured on indirect-object prompts. */
export function isIoiRole(role: string): boolean {
  return IOI_ROLES.includes(role);
}

/**
 * Compares the roles of a head for `sort`: in indirect-object circuits the roles measured on such prompts come first; in
 * circuits of other tasks they come last, and unknown roles after them.
 */
export function compareRoles(task: string): (a: string, b: string) => number {
  const place = (role: string) => {
    const index = ROLES.indexOf(role);
    if (index < 0) return 2 * ROLES.length;
    return task !== "ioi" && isIoiRole(role) ? ROLES.length + index : index;
  };
  return (a, b) => place(a) - place(b);
}
