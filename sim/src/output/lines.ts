// Rows as lines of a figure: one a policy.

import type { Line } from './figure.ts'
import type { Row } from '../measure/row.ts'

type Numeric = { [K in keyof Row]-?: NonNullable<Row[K]> extends number ? K : never }[keyof Row]

/** `y` over `x`, a line for each name; rows that lack one of them are passed over. */
export function linesOf (rows: Row[], x: Numeric, y: Numeric, name: (row: Row) => string = ({ policy }) => policy): Line[] {
  const usable = rows.filter(row => row[x] != null && row[y] != null)

  return [...Map.groupBy(usable, name)].map(([name, rows]) => ({
    name,
    points: rows.map(row => [row[x] as number, row[y] as number])
  }))
}
