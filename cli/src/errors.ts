// How the command ends: its exit codes, and the errors that choose them.

/** 0: done. 1: it was tried and failed, or there is no such thing. 2: the command line is wrong, nothing was tried. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const

/** The command line is wrong. The message says what is wrong and what is right. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Why it failed, in one line: users get no stack traces. */
export function describe (error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(describe))].join('; ')
  }

  const text = error instanceof Error && error.message !== '' ? error.message : String(error)

  // libp2p puts whole stack traces into some messages
  return text.split('\n').filter(line => !/^\s+at /.test(line)).join(' ').replace(/\s+/g, ' ').trim()
}

export function exitCodeOf (error: unknown): number {
  return error instanceof UsageError ? EXIT.usage : EXIT.failed
}
