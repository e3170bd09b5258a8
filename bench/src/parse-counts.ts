// Reads several whole numbers from the command line.

import { InvalidArgumentError } from 'commander'
import { parseCount } from './parse-count.ts'

/** A reader of whole numbers within bounds, each once, separated by commas. */
export function parseCounts (min: number, max: number): (text: string) => number[] {
  const parse = parseCount(min, max)

  return text => {
    const counts = text.split(',').map(part => parse(part.trim()))

    if (new Set(counts).size < counts.length) {
      throw new InvalidArgumentError('It takes each number once.')
    }

    return counts
  }
}
