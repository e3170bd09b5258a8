import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SENTENCE = 'Go 1.25.7 or later is needed for the interop tests: install it from your package manager or https://go.dev/dl'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const FILES = readdirSync(FOLDER).filter(file => file.endsWith('.spec.ts') && !import.meta.url.endsWith(file))

interface Ended {
  code: number
  output: string
}

describe('interop tests on a machine without Go', () => {
  let emptyFolder: string

  before(async () => { emptyFolder = await mkdtemp(join(tmpdir(), 'libp2p-kad-no-go-')) })

  after(async () => { await rm(emptyFolder, { recursive: true }) })

  FILES.forEach(file => {
    it(`${file} fails, and says what is missing`, async () => {
      const { code, output } = await runTests(file, emptyFolder)

      assert.notEqual(code, 0, output)
      assert.ok(output.includes(SENTENCE), output)
      assert.doesNotMatch(output, /[1-9]\d* passing/)
    })
  })
})

/** Runs a file of tests in a process that finds programs in that folder only. */
async function runTests (file: string, path: string): Promise<Ended> {
  const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js')
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.toUpperCase() !== 'PATH'))

  return new Promise(resolve => {
    execFile(process.execPath, [mocha, join(FOLDER, file)], { env: { ...env, PATH: path } }, (err, stdout, stderr) => {
      resolve({ code: Number(err?.code ?? (err == null ? 0 : 1)), output: stdout + stderr })
    })
  })
}
