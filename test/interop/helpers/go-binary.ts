/**
 * The Go node (../go), compiled once a process into a folder that is removed with it.
 */
import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('../go', import.meta.url))
const GO_MISSING = 'Go 1.25.7 or later is needed for the interop tests: install it from your package manager or https://go.dev/dl'

let binary: Promise<string> | undefined

/** A failed build is kept, too: every test fails with the same sentence, none tries again. */
export async function goBinary (): Promise<string> {
  binary ??= build()

  return binary
}

async function build (): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'libp2p-kad-go-'))
  process.once('exit', () => { rmSync(folder, { recursive: true, force: true }) })

  const file = join(folder, process.platform === 'win32' ? 'node.exe' : 'node')

  await new Promise<void>((resolve, reject) => {
    // -C, not cwd: a missing cwd would look like a missing go
    execFile('go', ['-C', SOURCE, 'build', '-o', file, '.'], (err, _stdout, stderr) => {
      if (err == null) {
        resolve()
      } else if (err.code === 'ENOENT') {
        reject(new Error(GO_MISSING))
      } else {
        reject(new Error(`could not build the Go node: ${stderr.trim() || err.message}`))
      }
    })
  })

  return file
}
