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
  return `${number(n)} ${what}${n === 1 ? '' : 's'}`
}

const NUMBERS = new Intl.NumberFormat('en')

/** With its thousands apart. */
export function number (n: number): string {
  return NUMBERS.format(n)
}

/** Whether it shows what is drawn over again: a terminal that has no width, as without a window, would wrap its line for ever. */
export function isScreen (out: NodeJS.WriteStream): boolean {
  return out.isTTY && out.columns > 0
}
