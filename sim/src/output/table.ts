// The result for people.

import Table from 'cli-table3'
import type { Answer } from '../scenarios/scenario.ts'

/** No colours, and no lines between rows. */
const PLAIN = {
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  style: { head: [], border: [], compact: true }
}

export function table ({ rows, columns, fits = [] }: Answer): string {
  const used = columns.filter(column => rows.some(row => row[column] != null))
  const out = new Table({ head: used, ...PLAIN })
  rows.forEach(row => { out.push(used.map(column => row[column]?.toString() ?? '')) })

  return [
    out.toString(),
    ...fits.map(({ policy, of, slope, intercept, r2 }) => `${policy}: ${of} = ${intercept} + ${slope} × log2 N (r² ${r2})`)
  ].join('\n')
}
