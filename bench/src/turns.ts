// What every suite of several rounds needs: a limit for all of it, and turns.

/** Runs `task`, and aborts its signal when it is not done in time. */
export async function withinLimit <T> (seconds: number, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const giveUp = new AbortController()
  const timer = setTimeout(() => { giveUp.abort(new Error(`It was not done within ${seconds} s: raise --limit, or ask for less`)) }, seconds * 1000)

  try {
    return await task(giveUp.signal)
  } finally {
    clearTimeout(timer)
  }
}

/** The same, and ends in any case what the task has started: whatever has to be stopped goes into `stops` as it starts. */
export async function stoppedWithinLimit <T> (seconds: number, task: (stops: Array<() => Promise<void>>, signal: AbortSignal) => Promise<T>): Promise<T> {
  const stops: Array<() => Promise<void>> = []

  return withinLimit(seconds, async signal => {
    try {
      return await task(stops, signal)
    } finally {
      await Promise.all(stops.map(async stop => stop()))
    }
  })
}

/** So that nobody always comes first. */
export function rotated <T> (list: T[], by: number): T[] {
  const at = by % list.length

  return [...list.slice(at), ...list.slice(0, at)]
}
