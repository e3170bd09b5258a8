// The lines of a running node: for people with the time before them, for programs one JSON object each.

import pc from 'picocolors'
import { note, print } from './output.ts'

export interface Log {
  /**
   * @param event - what happened, in a word
   * @param text - for people, one line or several
   * @param details - for programs
   */
  (event: string, text: string, details?: Record<string, unknown>): void
}

export function createLog (json: boolean): Log {
  return (event, text, details) => {
    if (json) {
      print(JSON.stringify({ time: new Date().toISOString(), event, ...details ?? { message: text } }))
    } else if (event === 'warning') {
      note(`${clock()} ${pc.yellow('warning')} ${text}`)
    } else {
      for (const line of text.split('\n')) {
        print(`${clock()} ${line}`)
      }
    }
  }
}

function clock (): string {
  return pc.dim(new Date().toTimeString().slice(0, 8))
}
