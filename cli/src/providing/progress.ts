// How far it is, while many keys are provided: a bar that is drawn over again on a screen, and elsewhere now and then a line.

import ora from 'ora'
import pc from 'picocolors'
import prettyMs from 'pretty-ms'
import { isScreen, number, plural } from '../output.ts'
import type { ProvidingProgress } from './requests.ts'
import type { Ora } from 'ora'

/** Where nothing is drawn over, so often there is a line, ms. */
const LINE_EVERY = 30_000

/** An estimate of what is left is worth showing after so long, ms. */
const ESTIMATE_AFTER = 2_000

const WIDTH = 24

export class ProgressBar {
  readonly #out: NodeJS.WriteStream
  readonly #now: () => number
  #spinner?: Ora
  #phase?: ProvidingProgress['phase']
  #begun = 0
  #told = 0

  constructor (out: NodeJS.WriteStream, now: () => number = () => performance.now()) {
    this.#out = out
    this.#now = now
  }

  update (progress: ProvidingProgress): void {
    const now = this.#now()

    if (progress.phase !== this.#phase) {
      this.#phase = progress.phase
      this.#begun = this.#told = now
    }

    if (isScreen(this.#out)) {
      this.#spinner ??= ora({ stream: this.#out, discardStdin: false }).start()
      this.#spinner.text = barText(progress, now - this.#begun)
    } else if (now - this.#told >= LINE_EVERY) {
      this.#told = now
      this.#out.write(`${lineText(progress)}\n`)
    }
  }

  /** Leaves nothing of it on the screen. */
  end (): void {
    this.#spinner?.stop()
    this.#spinner = undefined
  }
}

/** `ms`: since it began */
export function barText (progress: ProvidingProgress, ms: number): string {
  const { phase, done, total } = progress

  if (total == null || total === 0) {
    return lineText(progress)
  }

  const share = Math.min(1, done / total)
  const full = Math.floor(share * WIDTH)
  const left = ms < ESTIMATE_AFTER || done === 0 || done >= total ? '' : `, ${prettyMs(ms / done * (total - done), { unitCount: 2, secondsDecimalDigits: 0 })} left`

  return `${phase} ${'█'.repeat(full)}${pc.dim('░'.repeat(WIDTH - full))} ${Math.floor(share * 100)} %  ${counts(progress)}${left}`
}

function lineText (progress: ProvidingProgress): string {
  return `${progress.phase}: ${counts(progress)}`
}

function counts ({ done, total, failed }: ProvidingProgress): string {
  return `${total == null ? number(done) : `${number(done)} of ${plural(total, 'key')}`}${failed === 0 ? '' : `, ${number(failed)} failed`}`
}
