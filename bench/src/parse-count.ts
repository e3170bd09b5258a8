// Reads whole numbers from the command line.

import { InvalidArgumentError } from 'commander'

/** A reader of whole numbers within bounds. */
export function parseCount (min: number, max: number): (text: string) => number {
  return text => {
    const count = Number(text)

    if (!/^\d+$/.test(text) || count < min || count > max) {
      throw new InvalidArgumentError(`It takes a whole number from ${min} to ${max}.`)
    }

    return count
  }
}
