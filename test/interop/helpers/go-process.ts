/**
 * A running Go node and its line protocol: a command a line in, an answer a line out, in any order.
 */
import { createInterface } from 'node:readline'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'

/** How much of the node's log is kept to explain its end. */
const LOG_TAIL = 4_000

/** How long a node may take to close its connections, before it is killed. */
const STOP_GRACE_MS = 5_000

export interface Ready {
  peerId: string
  addrs: string[]
  publicKey: string
  protocol: string
}

interface Pending {
  resolve (result: unknown): void
  reject (err: Error): void
}

/** The node ran the command and it failed there, or the node ended before it answered. */
export class GoNodeError extends Error {
  override name = 'GoNodeError'
}

/** The process, and the commands that it has not answered yet. */
export class GoProcess {
  readonly ready: Promise<Ready>

  private readonly child: ChildProcessWithoutNullStreams
  /** Why it ended, once it has. */
  private readonly closed: Promise<string>
  private readonly pending = new Map<number, Pending>()
  private lastId = 0
  private log = ''
  private ended?: GoNodeError

  constructor (child: ChildProcessWithoutNullStreams) {
    this.child = child
    // the process may die between two commands; 'close' below tells of it
    child.stdin.on('error', () => {})
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log = (this.log + text).slice(-LOG_TAIL)
    })

    this.closed = new Promise(resolve => {
      child.once('error', err => { resolve(err.message) })
      child.once('close', (code, signal) => { resolve(signal ?? `exit code ${code}`) })
    })

    this.ready = new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', line => {
        const message = JSON.parse(line)

        if (message.event === 'ready') {
          resolve(message)
        } else {
          this.onReply(message)
        }
      })

      void this.closed.then(reason => { reject(this.onEnd(reason)) })
    })
  }

  async run <T> (cmd: string, args: Record<string, unknown>): Promise<T> {
    if (this.ended != null) {
      throw this.ended
    }

    const id = ++this.lastId

    return new Promise<T>((resolve, reject) => {
      this.pending.set(id, {
        resolve: result => { resolve(result as T) },
        reject: err => {
          reject(new GoNodeError(`${cmd}: ${err.message}`))
        }
      })
      this.child.stdin.write(`${JSON.stringify({ ...args, id, cmd })}\n`)
    })
  }

  async stop (): Promise<void> {
    const kill = setTimeout(() => { this.child.kill('SIGKILL') }, STOP_GRACE_MS)

    try {
      this.child.stdin.end()
      await this.closed
    } finally {
      clearTimeout(kill)
    }
  }

  private onEnd (reason: string): GoNodeError {
    const err = new GoNodeError(`the Go node ended (${reason})${this.log === '' ? '' : `: ${this.log.trim()}`}`)
    this.ended = err
    this.pending.forEach(({ reject }) => { reject(err) })
    this.pending.clear()

    return err
  }

  private onReply (message: { id: number, ok: boolean, result?: unknown, error?: string }): void {
    const pending = this.pending.get(message.id)
    this.pending.delete(message.id)

    if (message.ok) {
      pending?.resolve(message.result)
    } else {
      pending?.reject(new GoNodeError(message.error ?? 'no reason given'))
    }
  }
}
