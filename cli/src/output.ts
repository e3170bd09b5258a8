// Where text goes: results to stdout, so that they can be piped, and all else to stderr.

import { EXIT } from './errors.ts'

/** A line of the result. */
export function print (text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A line about how it goes. */
export function note (text: string): void {
  process.stderr.write(`${text}\n`)
}

/** A reader that has seen enough, as `head`, is no failure; a result that a full disk cuts short is one. */
export function endWhenUnwritten (): void {
  process.stdout.on('error', onUnwritten)
  process.stderr.on('error', () => {})
}

/** What runs on whether or not its log can be written: a full disk is no reason to leave the network. */
export function goOnWhenUnwritten (): void {
  process.stdout.off('error', onUnwritten).on('error', () => {})
}

function onUnwritten (error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') {
    process.exit(EXIT.ok)
  }

  note(`kad: The result can't be written: ${error.message}`)
  process.exit(EXIT.failed)
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
