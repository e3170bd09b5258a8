import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { kad } from './kad.ts'

const PACKAGE = fileURLToPath(new URL('../package.json', import.meta.url))
const THIS = fileURLToPath(import.meta.url)

const WRONG: Array<[args: string[], says: RegExp]> = [
  [['demo', '--nodes', '3'], /--nodes: "3".*from 4 to 100/],
  [['demo', '--nodes', 'many'], /--nodes: "many".*whole number/],
  [['demo', 'no/such/file'], /"no\/such\/file".*nor a file/],
  [['strat'], /"strat" is neither a command of kad nor a file/],
  [['--nope'], /unknown option '--nope'/],
  [['start', '--listen', 'localhost:4001'], /--listen: "localhost:4001" is not a multiaddr: one looks like \/ip4/],
  [['start', '--bootstrap', '/ip4/127.0.0.1/tcp/4001'], /--bootstrap:.*add \/p2p\/<peer id>/],
  [['start', '--bootstrap', '/p2p/12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE'], /--bootstrap:.*does not say where the peer is/],
  [['start', '--network', 'no/such/file'], /--network: "no\/such\/file" can't be read: .*"kad start --help"/],
  [['start', '--network', PACKAGE], /--network: ".*package\.json" does not describe a network: .*has no "version".*"kad start --help"/],
  [['get', '--network', THIS, '/kad/x'], /--network: ".*usage\.spec\.ts" does not describe a network: .*no JSON/],
  [['start', '--mode', 'both'], /auto, server, client/],
  [['start', '--protocol', 'kad'], /--protocol: "kad".*slash/],
  [['start', '--lan', '--any-address'], /'--lan' cannot be used with option '--any-address'/],
  [['start', '--data', `/tmp/${'long/'.repeat(30)}`], /too long for the control socket/],
  [['provided', '--data', `/tmp/${'long/'.repeat(30)}`], /too long for the control socket/],
  [['put', '/kad/x'], /missing required argument 'value'/],
  [['put', '/nope/x', 'value'], /"\/nope\/x" is not a key.*\/kad\/<name>/],
  [['put', '/kad/x', 'v'.repeat(10_241)], /The value has 10241 bytes, and the most is 10240/],
  [['get', '/pk/nobody'], /"nobody" is not a peer id/],
  [['get', '/kad/x'], /--data.*--bootstrap/],
  [['get', '--timeout', 'soon', '/kad/x'], /--timeout: "soon" is not a duration: write 30s/],
  [['provide', 'neither'], /"neither" is neither a CID nor a file/],
  [['provide'], /There is nothing to provide: name a CID or a file, or a list of CIDs with --from/],
  [['provide', '--from', 'list', 'bafy'], /Either "bafy" or the list of --from/],
  [['provide', '--from', PACKAGE], /no node to act through: .*--data.*--bootstrap/],
  [['provide', '--data', 'x', '--from', 'no/such/file'], /--from: "no\/such\/file" is not a file that is there: name a file with one CID a line, or - for/],
  [['provide', '--data', 'x', '--from', '/tmp'], /--from: "\/tmp" is a folder/],
  [['provide', '--data', 'x', '--from', PACKAGE], /--from: ".*package\.json", line 1: "{" is not a CID: one begins with bafk…, bafy… or Qm…/],
  [['provide', '--data', 'x', '--from', '-'], /--from: the standard input has no CID in it/],
  [['provide', '--optimistic', '--from', 'list'], /'--optimistic' cannot be used with option '-f, --from <list>'/],
  [['unprovide', '--data', 'x'], /Name the CIDs to announce no more, or a list of them with --from/],
  [['unprovide', '--data', 'x', 'bafy'], /"bafy" is not a CID/],
  [['provided'], /required option '-d, --data <folder>'/],
  [['reprovide', '--status'], /required option '-d, --data <folder>'/],
  [['find-providers', '--count', '0', 'bafy'], /--count: "0".*from 1 to 100000/],
  [['find-providers', 'bafy'], /"bafy" is not a CID/],
  [['find-peer', '12D3'], /"12D3" is not a peer id/],
  [['closest', ''], /The key is empty/],
  [['table'], /required option '-d, --data <folder>'/]
]

describe('a wrong command line', { concurrency: 2 }, () => {
  for (const [args, says] of WRONG) {
    const shown = args.map(arg => arg.length > 40 ? `${arg.slice(0, 40)}…` : arg).join(' ')

    it(`says what is wrong with "kad ${shown}" and ends with 2`, async () => {
      const { code, stdout, stderr } = await kad(...args)

      assert.match(stderr, says)
      assert.doesNotMatch(stderr, /\n\s+at /, 'a stack trace')
      assert.equal(stdout, '')
      assert.equal(code, 2)
    })
  }

  it('is none when help is asked for', async () => {
    for (const command of [[], ['demo'], ['start'], ['put'], ['get'], ['publish'], ['resolve'], ['remove'], ['provide'], ['provided'], ['unprovide'], ['reprovide'], ['find-providers'], ['find-peer'], ['closest'], ['table']]) {
      const { code, stdout } = await kad(...command, '--help')

      assert.match(stdout, /Examples:/)
      assert.equal(code, 0)
    }
  })
})
