// How many of the demo's nodes are killed: k is chosen so that not all holders of anything can be among them.

/** A third of them. */
export function victimCount (size: number): number {
  return Math.floor(size / 3)
}
