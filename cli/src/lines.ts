// Text that comes in pieces, as lines.

/**
 * Without their ends; the last one may have none. `most`: the longest that is taken, characters
 *
 * @throws {Error} when one is longer
 */
export async function * linesOf (pieces: AsyncIterable<string>, most: number): AsyncGenerator<string> {
  let begun = ''

  for await (const piece of pieces) {
    const lines = piece.split('\n')
    lines[0] = begun + lines[0]
    begun = lines.pop() ?? ''

    if (begun.length > most || lines.some(line => line.length > most)) {
      throw new Error(`A line is longer than ${most} characters`)
    }

    yield * lines
  }

  if (begun !== '') {
    yield begun
  }
}
