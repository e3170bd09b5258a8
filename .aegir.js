// What aegir does beyond its defaults.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Debian's; aegir would otherwise download one of its own. */
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

/** Makes playwright believe that it has downloaded its browser, so that it takes the one it is told to. */
async function pretendDownloaded () {
  const playwright = dirname(createRequire(import.meta.url).resolve('playwright-core/package.json'))
  const { browsers } = JSON.parse(await readFile(join(playwright, 'browsers.json'), 'utf8'))
  const { revision } = browsers.find(({ name }) => name === 'chromium-headless-shell')
  const folder = join(tmpdir(), 'libp2p-kad-playwright')
  const marker = join(folder, `chromium_headless_shell-${revision}`)

  await mkdir(marker, { recursive: true })
  await writeFile(join(marker, 'INSTALLATION_COMPLETE'), '')

  return folder
}

/** @type {import('aegir').PartialOptions} */
export default {
  lint: {
    files: [
      '*.js',
      '.aegir.js',
      '{src,test}/**/*.ts',
      '{cli,bench,sim,examples}/{src,test}/**/*.ts'
    ]
  },
  test: {
    // node runs the sources as they are
    build: false,
    timeout: 60_000,
    async before ({ runner }) {
      return runner === 'node' ? {} : { env: { PLAYWRIGHT_BROWSERS_PATH: await pretendDownloaded() } }
    },
    browser: {
      config: {
        browserContextOptions: {
          executablePath: CHROMIUM,
          args: CHROMIUM_FLAGS
        }
      }
    }
  }
}
