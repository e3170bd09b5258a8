// How long the event loop is blocked, and how much of that this process was at work: the rest is that of the machine, which has others to serve.

/** Between two looks, ms. */
const TICK = 5

export interface Block {
  /** the longest that a look came late, ms */
  ms: number
  /** the most CPU time of the thread between two looks, ms; as much as a look apart is no block */
  cpuMs: number
}

export class Blocks {
  readonly #timer: ReturnType<typeof setInterval>
  readonly #longest: Block = { ms: 0, cpuMs: 0 }
  #last = now()

  constructor () {
    this.#timer = setInterval(() => { this.#look() }, TICK)
  }

  /** The longest of all, and ends looking. */
  end (): Block {
    clearInterval(this.#timer)
    this.#look()

    return this.#longest
  }

  #look (): void {
    const last = this.#last
    this.#last = now()
    this.#longest.ms = Math.max(this.#longest.ms, this.#last.ms - last.ms - TICK)
    this.#longest.cpuMs = Math.max(this.#longest.cpuMs, this.#last.cpuMs - last.cpuMs)
  }
}

function now (): Block {
  const { user, system } = process.threadCpuUsage()

  return { ms: performance.now(), cpuMs: (user + system) / 1000 }
}
