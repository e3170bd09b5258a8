// The look of tables, the same in all suites: no colours, no lines between rows, the spread in brackets.

import Table from 'cli-table3'

const PLAIN = {
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  style: { head: [], border: [], compact: true }
}

export function plainTable (head: string[], rows: string[][]): string {
  const table = new Table({ head, ...PLAIN })
  table.push(...rows)

  return table.toString()
}

/** Nothing for what was not measured. */
export function figure (value?: number): string {
  return value?.toString() ?? ''
}

/** The median, and in brackets the least and the most. */
export function ranged (value?: number, min?: number, max?: number): string {
  return value == null ? '' : `${value} (${min}–${max})`
}
