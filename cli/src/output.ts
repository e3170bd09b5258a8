// Where text goes: results to stdout, so that they can be piped, and all else to stderr.

/** A line of the result. */
export function print (text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A line about how it goes. */
export function note (text: string): void {
  process.stderr.write(`${text}\n`)
}

export function plural (n = 0, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}
