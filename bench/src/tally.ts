// Why things failed, each reason once.

/** `failures`: reasons, with how often each. */
export function tally (failures: Array<[reason: string, count: number]>): string[] {
  return [...Map.groupBy(failures, ([reason]) => reason)]
    .map(([reason, counts]) => `${counts.reduce((sum, [, count]) => sum + count, 0)} × ${reason}`)
}
