// Where text goes: results to stdout, so that they can be piped, and all else to stderr.

export function print (text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A line about how it goes. */
export function note (text: string): void {
  process.stderr.write(`${text}\n`)
}
